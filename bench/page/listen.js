// Runs in the page before anything else: keeps what the trainer's worker and the page say to each other, with the time
// it arrived, and every long task of the main thread.
(() => {
  const heard = [];
  const sent = [];
  const longTasks = [];
  Object.assign(window, { bench: { heard, sent, longTasks } });
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) longTasks.push({ at: startTime, ms: duration });
  }).observe({ type: 'longtask', buffered: true });
  window.Worker = class extends Worker {
    constructor(url, options) {
      super(url, options);
      if (options?.name !== 'masa-lab-trainer') return;
      window.bench.worker = String(url);
      this.addEventListener('message', ({ data }) => heard.push({ at: performance.now(), data }));
      const post = this.postMessage.bind(this);
      this.postMessage = (message) => {
        sent.push(message);
        post(message);
      };
    }
  };
})();
