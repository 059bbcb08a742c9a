/** The thread that recordings are read on: a worker around the reader's service. One recording a worker. */
import type { ReaderCommand, ReaderMessage } from './protocol';
import { ReaderService } from './reader-service';

/** The part of a dedicated worker's global scope that is used; the page's types are the project's only ones. */
interface WorkerScope {
  postMessage(message: ReaderMessage): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<ReaderCommand>) => void): void;
}
const scope = self as unknown as WorkerScope;
const service = new ReaderService((message) => scope.postMessage(message));
scope.addEventListener('message', ({ data }) => service.obey(data));
