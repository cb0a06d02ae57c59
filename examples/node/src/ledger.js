// A client of the SEI API Platform as a team would write it: the code under test.
import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";

export class Ledger {
  #agent;
  #token;

  /**
   * @param {object} options
   * @param {string} options.baseUrl of the two-way listener
   * @param {{appKey: string, appSecret: string, username: string, password: string}} options.credentials
   *   what the platform's portal gives to an application
   * @param {{ca: string, cert: string, key: string}} options.tls PEM texts
   */
  constructor({ baseUrl, credentials, tls }) {
    this.baseUrl = baseUrl;
    this.credentials = credentials;
    this.#agent = new https.Agent({ keepAlive: true, ...tls });
  }

  /** The names of all investors, from all pages. */
  async investors() {
    const names = [];
    let next = `${this.baseUrl}/v2/investors?limit=50`;
    while (next) {
      const page = await this.#get(next);
      names.push(...page.data.map((each) => each.name));
      next = page.paging.next;
    }
    return names;
  }

  close() {
    this.#agent.destroy();
  }

  /** Renews the token once, and waits once when the platform asks for it. */
  async #get(url) {
    let renewed = false;
    let waited = false;
    for (;;) {
      this.#token ??= await this.#authorize();
      const answer = await this.#send(url, {
        headers: { AppKey: this.credentials.appKey, Authorization: `Bearer ${this.#token}` },
      });
      if (answer.status === 401 && !renewed) {
        renewed = true;
        this.#token = undefined;
      } else if (answer.status === 503 && !waited) {
        waited = true;
        await sleep(1000 * Number(answer.headers["retry-after"] ?? 0));
      } else {
        return contentOf(answer);
      }
    }
  }

  async #authorize() {
    const { appKey, appSecret, username, password } = this.credentials;
    const answer = await this.#send(`${this.baseUrl}/v2/oauthtoken`, {
      method: "POST",
      auth: `${appKey}:${appSecret}`,
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ grant_type: "client_credentials", username, password }).toString(),
    });
    return contentOf(answer).access_token;
  }

  #send(url, { body, ...options }) {
    return new Promise((resolve, reject) => {
      const request = https.request(url, { agent: this.#agent, ...options }, (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const { statusCode: status, headers } = response;
          resolve({ url, status, headers, text: Buffer.concat(chunks).toString() });
        });
      });
      request.on("error", reject);
      request.end(body);
    });
  }
}

function contentOf({ url, status, text }) {
  if (status !== 200) throw new Error(`${new URL(url).pathname}: ${status}`);
  return JSON.parse(text);
}
