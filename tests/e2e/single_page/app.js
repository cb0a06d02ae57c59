// A single-page application with the implicit grant: log in, come back, call.
"use strict";

const outcome = document.getElementById("outcome");

async function logIn() {
  const { platform, appKey } = await (await fetch("/config.json")).json();
  const state = crypto.randomUUID();
  sessionStorage.setItem("state", state);
  const request = new URLSearchParams({
    response_type: "token",
    client_id: appKey,
    redirect_uri: `${location.origin}/callback`,
    state,
  });
  location.assign(`${platform}/v2/oauth/authorize?${request}`);
}

async function ticketCount(token) {
  const { platform, appKey } = await (await fetch("/config.json")).json();
  const answer = await fetch(`${platform}/v1/order/tradetickets`, {
    headers: { Authorization: `Bearer ${token}`, AppKey: appKey },
  });
  const body = await answer.json();
  return answer.ok ? `${body.data.length} tickets` : body.message;
}

async function comeBack() {
  const answer = new URLSearchParams(location.hash.slice(1));
  if (answer.get("state") !== sessionStorage.getItem("state")) return "an answer to nobody";
  return answer.get("error") ?? ticketCount(answer.get("access_token"));
}

document.getElementById("log-in").addEventListener("click", logIn);
if (location.hash) {
  comeBack().then(
    (text) => (outcome.textContent = text),
    (error) => (outcome.textContent = String(error)),
  );
}
