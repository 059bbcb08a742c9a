// Runs in the page before anything else: presses Run as soon as it can be pressed, and keeps when what happened for the
// first time, in milliseconds since the page was asked for. What the trainer's thread says is timed in that thread, as
// the page's own may be busy drawing when it arrives.
(() => {
  const at = {};
  const first = (name, when = performance.now()) => {
    at[name] ??= when;
  };
  const says = {
    state: ({ state }, when) => first(`state ${state}`, when),
    progress: ({ progress: { task, done, total } }, when) => {
      first(`${task} begins`, when);
      if (done === total) at[`${task} ends`] = when;
    },
    events: ({ events }, when) => {
      for (const { type, phase } of events) {
        if (type === 'step_metrics' && at.step_metrics) first('second step', when);
        first(type === 'phase' ? `phase ${phase}` : type, when);
      }
    },
  };
  Object.assign(window, { opening: { at } });
  const module = (text) => URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  const timed = `const post = self.postMessage.bind(self);
    self.postMessage = (message, transfer) =>
      post({ ...message, saidAt: performance.timeOrigin + performance.now() }, transfer);
    self.scriptBegan = performance.timeOrigin + performance.now();`;
  window.Worker = class extends Worker {
    constructor(url, options) {
      const isTrainer = options?.name === 'masa-lab-trainer';
      super(
        isTrainer
          ? module(`import ${JSON.stringify(module(timed))}; import ${JSON.stringify(String(url))};`)
          : url,
        options,
      );
      if (!isTrainer) return;
      first('worker asked for');
      this.addEventListener('message', ({ data }) => {
        const when = data.saidAt - performance.timeOrigin;
        first('worker speaks', when);
        says[data.type]?.(data, when);
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
    if (!at.step_metrics) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();
