// Runs in the page before anything else: presses Run as soon as it can be pressed, and keeps when what happened for the
// first time, in milliseconds since the page was asked for.
(() => {
  const at = {};
  const first = (name) => {
    at[name] ??= performance.now();
  };
  const workerSays = {
    state: ({ state }) => first(`state ${state}`),
    progress: ({ progress: { task, done, total } }) => {
      first(`${task} begins`);
      if (done === total) at[`${task} ends`] = performance.now();
    },
    events: ({ events }) => {
      for (const { type, phase, step } of events) {
        if (type === 'phase') first(`phase ${phase}`);
        else if (type === 'step_metrics' && step === 1) first('second step');
        else first(type);
      }
    },
  };
  Object.assign(window, { opening: { at } });
  window.Worker = class extends Worker {
    constructor(url, options) {
      super(url, options);
      if (options?.name !== 'masa-lab-trainer') return;
      first('worker asked for');
      this.addEventListener('message', ({ data }) => {
        first('worker speaks');
        workerSays[data.type]?.(data);
      });
    }
  };
  const look = () => {
    const button = document.querySelector('[data-testid=run-first]');
    if (button) first('button shown');
    if (button && !button.disabled && !at['button pressed']) {
      first('button pressed');
      button.click();
    }
    const rollout = document.querySelector('[data-testid=rollout-text][data-verdict=growing]');
    if (rollout?.textContent.trim()) first('rollout on screen');
    if (!at['step_metrics']) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();
