// Messages from the server: how training goes, and that another run is shown.

import { Body } from "./columns";
import { socketAddress } from "./client";

export interface EpochMetrics {
  epoch: number;
  seconds: number;
  train_bound: number;
  train_log_likelihood: number;
  train_kl: number;
  validation_bound: number | null;
  validation_log_likelihood: number | null;
  validation_kl: number | null;
  active_latents: number | null;
  best: boolean;
}

export interface TrainingState {
  running: boolean;
  error: string;
  run?: string;
  max_epochs?: number | null;
  stopped?: string;
  bound?: number;
}

export interface EpochFacts {
  kind: "epoch";
  metrics: EpochMetrics;
}

interface Listener {
  training(state: TrainingState, history: EpochMetrics[]): void;
  epoch(body: Body<EpochFacts>): void;
  run(id: string): void;
}

type Message = ({ kind: "training"; history: EpochMetrics[] } & TrainingState) | { kind: "run"; id: string };

const WAIT = 1500;

/** Listen for ever: a lost server is asked again. */
export function listenToServer(listener: Listener): void {
  const socket = new WebSocket(socketAddress("api/events"));
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
    if (data instanceof ArrayBuffer) return listener.epoch(Body.read<EpochFacts>(data));
    const message = JSON.parse(data) as Message;
    if (message.kind === "run") return listener.run(message.id);
    const { kind: _, history, ...state } = message;
    listener.training(state, history);
  };
  socket.onclose = () => setTimeout(() => listenToServer(listener), WAIT);
}

