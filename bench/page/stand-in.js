// Runs in the page before anything else: the trainer's worker is the bench's, which says a run again; long tasks are
// kept, and how long each click and key took until the page had painted what followed from it.
(() => {
  const longTasks = [];
  const waits = [];
  const bench = { longTasks, waits, step: 0 };
  Object.assign(window, { bench });
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) longTasks.push({ at: startTime, ms: duration });
  }).observe({ type: 'longtask', buffered: true });
  for (const type of ['click', 'keydown'])
    window.addEventListener(
      type,
      (event) => {
        // The frame after the next one begins when the one that shows it is done.
        requestAnimationFrame(() =>
          requestAnimationFrame(() => waits.push(performance.now() - event.timeStamp)),
        );
      },
      { capture: true },
    );
  window.Worker = class extends Worker {
    constructor(url, options) {
      const trainer = options?.name === 'masa-lab-trainer';
      super(
        trainer ? new URL('bench-worker.js', document.baseURI) : url,
        trainer ? { name: options.name } : options,
      );
      if (trainer)
        this.addEventListener('message', ({ data }) => {
          if (data.type === 'state') bench.step = data.step;
        });
    }
  };
})();
