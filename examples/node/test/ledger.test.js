import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import { Ledger } from "../src/ledger.js";
import { MockSei } from "../support/mock-sei.js";

const SEEDED = 130; // investors of an application whose test has added none

let server;
before(async () => {
  server = await MockSei.attach();
});

async function ledgerOf(test, application, tls) {
  const { credentials } = application;
  const ledger = new Ledger({ baseUrl: server.twoWayUrl, credentials, tls: tls ?? (await application.tls()) });
  test.after(() => ledger.close());
  return ledger;
}

describe("with an application of its own, a test runs beside others", { concurrency: true }, () => {
  it("reads every page", async (test) => {
    const application = await server.newApplication(test);
    await application.addRecord("investors", { externalId: "INV-NEW", name: "Example Investor" });
    const ledger = await ledgerOf(test, application);

    assert.equal((await ledger.investors()).length, SEEDED + 1);

    await application.verify({ operation: "POST /v2/oauthtoken", times: 1 });
    await application.verify({ operation: "GET /v2/investors", status: 200, times: 3 });
  });

  it("reads the second page again if it was unavailable", async (test) => {
    const application = await server.newApplication(test);
    const other = await server.newApplication(test);
    const operation = "GET /v2/investors";
    const query = { cursor: { matches: "." } }; // the first page has no cursor
    await application.addFault({ operation, query, status: 503, retry_after: 0, times: 1 });

    for (const each of [application, other]) {
      const ledger = await ledgerOf(test, each);
      assert.equal((await ledger.investors()).length, SEEDED);
    }

    await application.verify({ operation, query, status: 503, times: 1 });
    await application.verify({ operation, status: 200, times: 3 });
    await other.verify({ operation, status: 503, times: 0 });
  });

  it("is refused with an expired certificate", async (test) => {
    const application = await server.newApplication(test);
    const ledger = await ledgerOf(test, application, await application.tlsWith("expired"));

    await assert.rejects(ledger.investors(), /certificate expired/);

    await application.verify({ kind: "handshake", times: 1 });
  });
});

// The clock is everybody's: a suite of its own, which runs when the one above has ended.
describe("with the clock moved", () => {
  it("renews a token that expired", async (test) => {
    const application = await server.newApplication(test);
    const ledger = await ledgerOf(test, application);
    await ledger.investors();

    await server.advanceClock(test, { minutes: 31 }); // an access token may be idle for 30 minutes

    assert.equal((await ledger.investors()).length, SEEDED);
    await application.verify({ operation: "GET /v2/investors", status: 401, times: 1 });
    await application.verify({ operation: "POST /v2/oauthtoken", times: 2 });
  });
});
