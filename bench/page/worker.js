// Runs in a worker in the trainer's place: says again what a trainer said, step by step, for as many steps as are asked
// for. The messages are a real run's; only their steps are counted on.
let said = null;
let steps = 0;
let gap = 0;
let gone = 0;
let going = false;

const say = (message) => self.postMessage(message);

/** The messages in three parts: until it is idle, until it is ready, and one list for each step after the first. */
function part({ messages }) {
  const idle = messages.findIndex((each) => each.type === 'state' && each.state === 'idle');
  const ready = messages.findIndex((each) => each.type === 'state' && each.state === 'ready');
  const events = messages.slice(ready + 1).flatMap((each) => (each.type === 'events' ? [each.events] : []));
  const parts = [[]];
  for (const batch of events) {
    parts.at(-1).push(batch);
    if (batch.some((event) => event.type === 'step_metrics')) parts.push([]);
  }
  // What comes before the first step's end has the evaluation of the start in it; the last part is the run's end.
  return {
    opening: messages.slice(0, idle + 1),
    loading: messages.slice(idle + 1, ready + 1),
    steps: parts.slice(1, -1),
  };
}

/** The events of a recorded step as those of another: steps and totals go on counting. */
function moved(batch, by, cycles, perCycle) {
  return batch
    .filter((event) => event.type !== 'finished' && event.type !== 'run_started')
    .map((event) => {
      const copy = { ...event, step: event.step + by };
      if (event.type === 'step_metrics')
        copy.metrics = { ...event.metrics, num_tokens: event.metrics.num_tokens + cycles * perCycle };
      if (event.type === 'evaluation') copy.num_tokens = event.num_tokens + cycles * perCycle;
      return copy;
    });
}

async function go() {
  going = true;
  say({ type: 'state', state: 'running', step: gone });
  const tokens = said.steps.map(
    (part) => part.flat().find((event) => event.type === 'step_metrics').metrics.num_tokens,
  );
  const first = said.steps[0].flat().find((event) => 'step' in event).step;
  const perCycle = tokens.at(-1) - tokens[0] + (tokens[1] ?? tokens[0]) - tokens[0];
  const from = performance.now();
  const begun = gone;
  while (going && gone < steps) {
    const place = gone % said.steps.length;
    const cycles = Math.floor(gone / said.steps.length);
    const recorded = said.steps[place];
    const by = gone - (first + place);
    for (const batch of recorded) {
      const events = moved(batch, by, cycles, perCycle);
      if (events.length > 0) say({ type: 'events', events });
      // As a trainer does: what grows comes in pieces.
      await new Promise((done) => setTimeout(done, gap / (recorded.length + 1)));
    }
    gone++;
    say({ type: 'state', state: 'running', step: gone });
    const due = from + (gone - begun) * gap;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((done) => setTimeout(done, wait));
  }
  going = false;
  say({ type: 'state', state: gone < steps ? 'paused' : 'finished', step: gone });
}

self.addEventListener('message', async ({ data }) => {
  if (data.type === 'open') {
    const order = await (await fetch(new URL('bench-messages.json', data.baseUrl))).json();
    ({ steps } = order);
    gap = 1000 / order.rate;
    said = part(order);
    for (const message of said.opening) say(message);
  } else if (data.type === 'load') for (const message of said.loading) say(message);
  else if (data.type === 'run' && !going) go();
  else if (data.type === 'pause') going = false;
});
