namespace Ledger.Tests;

/// <summary>Each test has an application of its own, so other classes may run at the same time.</summary>
public sealed class LedgerTests(MockSei server) : IClassFixture<MockSei>
{
    private const int Seeded = 130; // investors of an application whose test has added none

    [Fact]
    public async Task Every_page_is_read()
    {
        await using var application = await server.NewApplicationAsync();
        await application.AddRecordAsync(
            "investors", new { externalId = "INV-NEW", name = "Example Investor" });
        using var ledger = await LedgerOfAsync(application);

        Assert.Equal(Seeded + 1, (await ledger.InvestorsAsync()).Count);

        await application.VerifyAsync(
            new Dictionary<string, object> { ["operation"] = "POST /v2/oauthtoken", ["times"] = 1 });
        await application.VerifyAsync(
            new Dictionary<string, object>
            {
                ["operation"] = "GET /v2/investors", ["status"] = 200, ["times"] = 3,
            });
    }

    [Fact]
    public async Task A_second_page_that_is_unavailable_is_read_again()
    {
        await using var application = await server.NewApplicationAsync();
        await using var other = await server.NewApplicationAsync();
        var hasCursor = new { cursor = new { matches = "." } }; // the first page has none
        await application.AddFaultAsync(
            new Dictionary<string, object>
            {
                ["operation"] = "GET /v2/investors",
                ["query"] = hasCursor,
                ["status"] = 503,
                ["retry_after"] = 0,
                ["times"] = 1,
            });

        foreach (var each in new[] { application, other })
        {
            using var ledger = await LedgerOfAsync(each);
            Assert.Equal(Seeded, (await ledger.InvestorsAsync()).Count);
        }

        await application.VerifyAsync(
            new Dictionary<string, object>
            {
                ["operation"] = "GET /v2/investors",
                ["query"] = hasCursor,
                ["status"] = 503,
                ["times"] = 1,
            });
        await application.VerifyAsync(
            new Dictionary<string, object>
            {
                ["operation"] = "GET /v2/investors", ["status"] = 200, ["times"] = 3,
            });
        await other.VerifyAsync(
            new Dictionary<string, object>
            {
                ["operation"] = "GET /v2/investors", ["status"] = 503, ["times"] = 0,
            });
    }

    [Fact]
    public async Task An_expired_certificate_is_refused()
    {
        await using var application = await server.NewApplicationAsync();
        using var ledger = new LedgerClient(
            server.TwoWayUrl, application.Credentials, await application.TlsWithAsync("expired"));

        await Assert.ThrowsAsync<HttpRequestException>(ledger.InvestorsAsync);

        await application.VerifyAsync(
            new Dictionary<string, object> { ["kind"] = "handshake", ["times"] = 1 });
    }

    private async Task<LedgerClient> LedgerOfAsync(MockSeiApplication application) =>
        new(server.TwoWayUrl, application.Credentials, await application.TlsAsync());
}
