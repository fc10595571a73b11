// Calls to the sandbox. Every answer is JSON with `ok`; what goes wrong becomes `{ok: false, error: <words>}`.

const UNREACHABLE = "The sandbox does not answer. Is it still running?";

async function call(path, options) {
  try {
    const response = await fetch(path, options);
    const answer = await response.json();
    return answer.ok === undefined ? { ok: false, error: `Unexpected answer (${response.status}).` } : answer;
  } catch {
    return { ok: false, error: UNREACHABLE };
  }
}

export const get = (path) => call(path, { headers: { accept: "application/json" } });

export const post = (path, body) =>
  call(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
