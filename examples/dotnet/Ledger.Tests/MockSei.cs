using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ledger.Tests;

/// <summary>
/// A running mock-sei, by some calls of its control API. The variable <c>MOCK_SEI_URL</c> has its control
/// address. If the ports of a container are mapped, <c>MOCK_SEI_TWO_WAY_URL</c> is the address of its
/// two-way listener.
/// </summary>
public sealed class MockSei : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    // The control listener is on this machine or in this network: no proxy may be asked.
    private readonly HttpClient _control = new(new SocketsHttpHandler { UseProxy = false });
    private X509Certificate2? _ca;

    public string TwoWayUrl { get; private set; } = "";

    internal X509Certificate2 Ca => _ca ?? throw new InvalidOperationException("not attached yet");

    public async Task InitializeAsync()
    {
        var address = Environment.GetEnvironmentVariable("MOCK_SEI_URL")
            ?? throw new InvalidOperationException(
                "set MOCK_SEI_URL to the control address of a running mock-sei");
        _control.BaseAddress = new Uri(address);
        await UntilHealthyAsync();
        var connection = await CallAsync<Connection>(HttpMethod.Get, "/?limit=1");
        TwoWayUrl = Environment.GetEnvironmentVariable("MOCK_SEI_TWO_WAY_URL") ?? connection.TwoWayUrl;
        _ca = X509Certificate2.CreateFromPem(await CallAsync(HttpMethod.Get, "/ca.pem"));
    }

    public Task DisposeAsync()
    {
        _ca?.Dispose();
        _control.Dispose();
        return Task.CompletedTask;
    }

    /// <summary>Registers and approves an application, which lives until it is disposed of.</summary>
    public async Task<MockSeiApplication> NewApplicationAsync()
    {
        var form = new
        {
            name = $"dotnet-{Guid.NewGuid()}", type = "server-server", actor = "server", own_data = true,
        };
        var registered = await CallAsync<Registered>(HttpMethod.Post, "/applications", form);
        await CallAsync(HttpMethod.Post, $"/applications/{registered.Name}/approve");
        return new MockSeiApplication(this, registered);
    }

    /// <summary>Moves the platform's clock for everybody. No other test may run meanwhile.</summary>
    public Task AdvanceClockAsync(TimeSpan by) =>
        CallAsync(HttpMethod.Post, "/clock/advance", new { seconds = by.TotalSeconds });

    /// <summary>Sets the clock back to the machine's time.</summary>
    public Task ResetClockAsync() => CallAsync(HttpMethod.Delete, "/clock");

    internal async Task<T> CallAsync<T>(HttpMethod method, string path, object? fields = null) =>
        JsonSerializer.Deserialize<T>(await CallAsync(method, path, fields))
        ?? throw new HttpRequestException($"{method} {path}: the answer is empty");

    /// <summary>One call of the control API: its answer, or an error with the server's reason.</summary>
    internal async Task<string> CallAsync(HttpMethod method, string path, object? fields = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = fields is null ? null : JsonContent.Create(fields);
        using var response = await _control.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode)
        {
            var problem = JsonSerializer.Deserialize<Problem>(text);
            throw new HttpRequestException($"{method} {path}: {problem?.Detail}");
        }
        return text;
    }

    private async Task UntilHealthyAsync()
    {
        for (var deadline = DateTime.UtcNow + Patience; ; await Task.Delay(100))
        {
            try
            {
                await CallAsync(HttpMethod.Get, "/health");
                return;
            }
            catch (HttpRequestException) when (DateTime.UtcNow < deadline)
            {
                // It is not up yet.
            }
        }
    }

    private sealed record Connection([property: JsonPropertyName("two_way_url")] string TwoWayUrl);

    private sealed record Problem([property: JsonPropertyName("detail")] string? Detail);
}

/// <summary>What the answer to a registration has.</summary>
internal sealed record Registered(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("app_key")] string AppKey,
    [property: JsonPropertyName("app_secret")] string AppSecret,
    [property: JsonPropertyName("service_account")] string ServiceAccount,
    [property: JsonPropertyName("password")] string Password);

/// <summary>
/// An application of one test. Nobody else has its keys, account, certificate and records.
/// </summary>
public sealed class MockSeiApplication : IAsyncDisposable
{
    private readonly MockSei _server;
    private readonly string _name;
    private readonly string _account;

    internal MockSeiApplication(MockSei server, Registered registered)
    {
        _server = server;
        _name = registered.Name;
        _account = registered.ServiceAccount;
        Credentials = new Credentials(
            registered.AppKey, registered.AppSecret, registered.ServiceAccount, registered.Password);
    }

    public Credentials Credentials { get; }

    /// <summary>TLS settings with the CA and the certificate of the account.</summary>
    public async Task<SslClientAuthenticationOptions> TlsAsync() =>
        TlsOf(await _server.CallAsync<Identity>(
            HttpMethod.Get, $"/service-accounts/{_account}/identity"));

    /// <summary>TLS settings with a certificate that is wrong in one way, such as "expired".</summary>
    public async Task<SslClientAuthenticationOptions> TlsWithAsync(string variant) =>
        TlsOf(await _server.CallAsync<Identity>(
            HttpMethod.Post, $"/service-accounts/{_account}/certificates", new { variant }));

    /// <summary>Adds a record to those that this application sees, and no other one.</summary>
    public Task AddRecordAsync(string collection, object record) =>
        _server.CallAsync(HttpMethod.Post, $"/data/{collection}?application={_name}", record);

    /// <summary>Makes something go wrong at calls of this application, and of no other one.</summary>
    public Task AddFaultAsync(IReadOnlyDictionary<string, object> fields) =>
        _server.CallAsync(HttpMethod.Post, "/faults", Only(fields));

    /// <summary>Fails unless the journal has the calls of this application that are described.</summary>
    public Task VerifyAsync(IReadOnlyDictionary<string, object> wanted) =>
        _server.CallAsync(HttpMethod.Post, "/journal/verify", Only(wanted));

    /// <summary>Removes the application with its certificates, tokens and faults.</summary>
    public async ValueTask DisposeAsync() =>
        await _server.CallAsync(HttpMethod.Delete, $"/applications/{_name}");

    private Dictionary<string, object> Only(IReadOnlyDictionary<string, object> fields) =>
        new(fields) { ["application"] = _name };

    private SslClientAuthenticationOptions TlsOf(Identity identity)
    {
        using var pem = X509Certificate2.CreateFromPem(identity.Certificate, identity.PrivateKey);
        // Windows uses a key for TLS only if it comes out of a PKCS#12 file.
        var own = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        return new SslClientAuthenticationOptions
        {
            ClientCertificates = [own],
            // Without this, .NET may send no certificate if the server does not name its issuer.
            LocalCertificateSelectionCallback = (_, _, _, _, _) => own,
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { _server.Ca },
                RevocationMode = X509RevocationMode.NoCheck,
            },
        };
    }

    private sealed record Identity(
        [property: JsonPropertyName("certificate")] string Certificate,
        [property: JsonPropertyName("private_key")] string PrivateKey);
}
