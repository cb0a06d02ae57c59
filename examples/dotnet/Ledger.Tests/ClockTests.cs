namespace Ledger.Tests;

/// <summary>The clock is everybody's, so no other class runs at the same time as this one.</summary>
[CollectionDefinition("clock", DisableParallelization = true)]
public sealed class Clock : ICollectionFixture<MockSei>;

[Collection("clock")]
public sealed class ClockTests(MockSei server)
{
    [Fact]
    public async Task A_token_that_expired_is_renewed()
    {
        await using var application = await server.NewApplicationAsync();
        using var ledger = new LedgerClient(
            server.TwoWayUrl, application.Credentials, await application.TlsAsync());
        await ledger.InvestorsAsync();
        try
        {
            await server.AdvanceClockAsync(TimeSpan.FromMinutes(31)); // a token may be idle for 30 minutes

            Assert.Equal(130, (await ledger.InvestorsAsync()).Count);
        }
        finally
        {
            await server.ResetClockAsync();
        }

        await application.VerifyAsync(
            new Dictionary<string, object>
            {
                ["operation"] = "GET /v2/investors", ["status"] = 401, ["times"] = 1,
            });
        await application.VerifyAsync(
            new Dictionary<string, object> { ["operation"] = "POST /v2/oauthtoken", ["times"] = 2 });
    }
}
