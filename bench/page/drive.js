// Runs in an empty page: drives the same worker as the page does, and draws nothing.
({ worker, base, manifest }) => {
  const heard = [];
  const trainer = new Worker(worker, { type: 'module', name: 'masa-lab-trainer' });
  Object.assign(window, { bench: { heard, longTasks: [] } });
  let next = { opening: { type: 'load', manifest }, loading: { type: 'run' } };
  trainer.addEventListener('message', ({ data }) => {
    if (data.type === 'events')
      for (const event of data.events)
        if (['step_metrics', 'finished'].includes(event.type))
          heard.push({ at: performance.now(), data: { type: 'events', events: [event] } });
    if (data.type !== 'state') return;
    if (data.state === 'idle' && next.opening) {
      trainer.postMessage(next.opening);
      next = { loading: next.loading };
    } else if (data.state === 'ready' && next.loading && !next.opening) {
      trainer.postMessage(next.loading);
      next = {};
    }
  });
  trainer.postMessage({ type: 'open', baseUrl: base });
};
