using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Text;
using System.Text.Json.Serialization;

namespace Ledger;

/// <summary>What the platform's portal gives to an application.</summary>
public sealed record Credentials(string AppKey, string AppSecret, string Username, string Password);

/// <summary>
/// A client of the SEI API Platform as a team would write it: the code under test. It renews its token
/// once, and waits once when the platform asks for it.
/// </summary>
public sealed class LedgerClient : IDisposable
{
    private readonly string _baseUrl;
    private readonly Credentials _credentials;
    private readonly HttpClient _http;
    private string? _token;

    /// <param name="baseUrl">Of the two-way listener.</param>
    /// <param name="credentials">Of the application.</param>
    /// <param name="tls">Has the CA and the certificate of the service account.</param>
    public LedgerClient(string baseUrl, Credentials credentials, SslClientAuthenticationOptions tls)
    {
        _baseUrl = baseUrl;
        _credentials = credentials;
        _http = new HttpClient(new SocketsHttpHandler { SslOptions = tls });
    }

    /// <summary>The names of all investors, from all pages.</summary>
    public async Task<IReadOnlyList<string>> InvestorsAsync()
    {
        var names = new List<string>();
        string? next = $"{_baseUrl}/v2/investors?limit=50";
        while (next is not null)
        {
            var page = await GetAsync<Page>(next);
            names.AddRange(page.Data.Select(each => each.Name));
            next = page.Paging.Next;
        }
        return names;
    }

    public void Dispose() => _http.Dispose();

    private async Task<T> GetAsync<T>(string url)
    {
        var renewed = false;
        var waited = false;
        while (true)
        {
            _token ??= await AuthorizeAsync();
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.Add("AppKey", _credentials.AppKey);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
            using var response = await _http.SendAsync(request);
            if (response.StatusCode == HttpStatusCode.Unauthorized && !renewed)
            {
                renewed = true;
                _token = null;
            }
            else if (response.StatusCode == HttpStatusCode.ServiceUnavailable && !waited)
            {
                waited = true;
                await Task.Delay(response.Headers.RetryAfter?.Delta ?? TimeSpan.Zero);
            }
            else
            {
                return await ContentOfAsync<T>(response);
            }
        }
    }

    private async Task<string> AuthorizeAsync()
    {
        var keys = Encoding.UTF8.GetBytes($"{_credentials.AppKey}:{_credentials.AppSecret}");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{_baseUrl}/v2/oauthtoken");
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(keys));
        request.Content = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["username"] = _credentials.Username,
            ["password"] = _credentials.Password,
        });
        using var response = await _http.SendAsync(request);
        return (await ContentOfAsync<Token>(response)).AccessToken;
    }

    private static async Task<T> ContentOfAsync<T>(HttpResponseMessage response)
    {
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<T>()
            ?? throw new HttpRequestException("the answer is empty");
    }

    private sealed record Token([property: JsonPropertyName("access_token")] string AccessToken);

    private sealed record Page(IReadOnlyList<Investor> Data, Paging Paging);

    private sealed record Investor(string Name);

    private sealed record Paging(string? Next);
}
