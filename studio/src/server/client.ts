// Asks the server. Each error carries the one line that the server wrote for its reader.

import { Body } from "./columns";

export class ServerError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** Where the server is: beside the page. */
export function address(path: string): URL {
  return new URL(path, new URL("./", location.href));
}

export function socketAddress(path: string): URL {
  const url = address(path);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url;
}

export async function askJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await sent(path, { method: "GET" }, signal)).json()) as T;
}

/** Call a service: POST /api/NAME with fields, a body comes back. */
export async function ask<Facts = Record<string, unknown>>(
  service: string,
  fields: Record<string, unknown> = {},
  signal?: AbortSignal,
): Promise<Body<Facts>> {
  const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(fields) };
  return Body.read<Facts>(await (await sent(`api/${service}`, request, signal)).arrayBuffer());
}

/** Send a file's bytes to a service. */
export async function askWithFile<Facts = Record<string, unknown>>(
  service: string,
  file: Blob,
  name: string,
  signal?: AbortSignal,
): Promise<Body<Facts>> {
  const request = { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file };
  const path = `api/${service}?name=${encodeURIComponent(name)}`;
  return Body.read<Facts>(await (await sent(path, request, signal)).arrayBuffer());
}

async function sent(path: string, request: RequestInit, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address(path), { ...request, ...(signal ? { signal } : {}), credentials: "same-origin" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ServerError("the server does not answer: start it again by vael studio", 0);
  }
  if (response.ok) return response;
  throw new ServerError(await complaint(response), response.status);
}

async function complaint(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as { error?: unknown };
    if (typeof error === "string") return error;
  } catch {
    // not JSON: the status must do
  }
  return `the server answered ${response.status} ${response.statusText}`;
}

/** Whether an error only says that something newer was asked for. */
export function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** What to show of an error. */
export function told(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
