// Requests to the server that this page is from.

import { $ } from "./dom.js";

async function send(address, body, signal) {
  const headers = body ? { "Content-Type": "application/json" } : {};
  if ($("key").value) headers.Authorization = `Bearer ${$("key").value}`;
  let response;
  try {
    response = await fetch(address, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal });
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new Error("The server does not answer. Is it still running?");
  }
  if (!response.ok) {
    const told = await response.json().catch(() => null);
    const fault = new Error(told?.error?.message ?? `The server answered ${response.status}.`);
    fault.status = response.status;
    throw fault;
  }
  return response;
}

export const ask = async (address, body) => (await send(address, body)).json();

/** Streams a reply; `hear` gets each change of it: {text, thought, finish}. */
export async function streamReply(body, signal, hear) {
  const response = await send("/v1/chat/completions", { ...body, stream: true }, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const data = event.replace(/^data: /, "");
      if (data === "[DONE]") return;
      const chunk = JSON.parse(data);
      if (chunk.error) throw new Error(chunk.error.message);
      const choice = chunk.choices[0];
      if (choice) hear(choice.delta.content ?? "", choice.delta.reasoning_content ?? "", choice.finish_reason);
    }
  }
}
