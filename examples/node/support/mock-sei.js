// What a test needs of a running mock-sei: some calls of its control API.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/** A running mock-sei. */
export class MockSei {
  #control;

  constructor(control) {
    this.#control = control;
  }

  /**
   * Finds the server whose control address is in MOCK_SEI_URL, and waits until it is healthy. If the
   * ports of a container are mapped, MOCK_SEI_TWO_WAY_URL is the address of its two-way listener.
   */
  static async attach() {
    const address = process.env.MOCK_SEI_URL?.replace(/\/$/, "");
    assert(address, "set MOCK_SEI_URL to the control address of a running mock-sei");
    const server = new MockSei(address);
    await server.#untilHealthy();
    const connection = await server.call("GET", "/?limit=1");
    server.twoWayUrl = process.env.MOCK_SEI_TWO_WAY_URL ?? connection.two_way_url;
    server.ca = await server.call("GET", "/ca.pem");
    return server;
  }

  /** Registers and approves an application, and removes it when the test ends. */
  async newApplication(test) {
    const name = `node-${randomUUID()}`;
    const form = { name, type: "server-server", actor: "server", own_data: true };
    const registered = await this.call("POST", "/applications", form);
    test.after(() => this.call("DELETE", `/applications/${registered.name}`));
    await this.call("POST", `/applications/${registered.name}/approve`);
    return new Application(this, registered);
  }

  /**
   * Moves the platform's clock for everybody, and sets it back when the test ends. No other test may
   * run meanwhile.
   */
  async advanceClock(test, by) {
    test.after(() => this.call("DELETE", "/clock"));
    await this.call("POST", "/clock/advance", by);
  }

  /** One call of the control API: its answer, or an error with the reason that the server gives. */
  async call(method, path, fields) {
    const body = fields && JSON.stringify(fields);
    const answer = await fetch(this.#control + path, { method, body });
    const text = await answer.text();
    const isJson = answer.headers.get("content-type")?.startsWith("application/json");
    const content = isJson ? JSON.parse(text) : text;
    if (!answer.ok) throw new Error(`${method} ${path}: ${content.detail ?? answer.status}`);
    return content;
  }

  async #untilHealthy() {
    for (const deadline = Date.now() + 60_000; ; await sleep(100)) {
      try {
        return await this.call("GET", "/health");
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
  }
}

/** An application of one test. Nobody else has its keys, account, certificate and records. */
export class Application {
  #server;

  constructor(server, registered) {
    this.#server = server;
    this.name = registered.name;
    this.account = registered.service_account;
    this.credentials = {
      appKey: registered.app_key,
      appSecret: registered.app_secret,
      username: registered.service_account,
      password: registered.password,
    };
  }

  /** The CA, and the certificate of the account: options of `https.Agent`. */
  async tls() {
    return this.#tls(await this.#server.call("GET", `/service-accounts/${this.account}/identity`));
  }

  /** The CA, and a certificate of the account that is wrong in one way, such as "expired". */
  async tlsWith(variant) {
    const path = `/service-accounts/${this.account}/certificates`;
    return this.#tls(await this.#server.call("POST", path, { variant }));
  }

  /** Adds a record to those that this application sees, and no other one. */
  async addRecord(collection, record) {
    await this.#server.call("POST", `/data/${collection}?application=${this.name}`, record);
  }

  /** Makes something go wrong at calls of this application, and of no other one. */
  async addFault(fields) {
    await this.#server.call("POST", "/faults", { application: this.name, ...fields });
  }

  /** Fails the test unless the journal has the calls of this application that are described. */
  async verify(wanted) {
    await this.#server.call("POST", "/journal/verify", { application: this.name, ...wanted });
  }

  #tls({ certificate, chain, private_key: key }) {
    return { ca: this.#server.ca, cert: certificate + chain, key };
  }
}
