/** The run's curves: what was learned first, then the health of the training. One axis and one cursor for all. */
import { ToggleGroup } from 'radix-ui';
import { useMemo } from 'react';
import { formatPercent } from '../../run/format';
import type { Manifest } from '../../run/manifest';
import { formatMetric } from '../../run/metrics';
import { Chart } from '../components/Chart';
import { Explain } from '../components/Explain';
import { MetricName } from '../components/MetricName';
import { Panel } from '../components/Panel';
import { usePage, useSession } from '../state/context';
import { mainSuite, shownManifest } from '../state/selectors';
import type { XAxis } from '../state/store';
import styles from './Charts.module.css';
import {
  CLIP,
  ENTROPY,
  GRAD_NORM,
  KL,
  LENGTHS,
  LOSS,
  learningSeries,
  NO_SIGNAL,
  tierNames,
  tierSeries,
} from './curves';

const SHARE: [number, number] = [0, 1];
const FROM_ZERO: [number, null] = [0, null];
const percentTick = (value: number) => `${Math.round(value * 100)}%`;
const finePercentTick = (value: number) => `${Number((value * 100).toPrecision(2))}%`;

export function AxisSwitch() {
  const session = useSession();
  const axis = usePage((page) => page.looking.xAxis);
  return (
    <ToggleGroup.Root
      type="single"
      className={styles.switch}
      aria-label="Draw the curves against"
      value={axis}
      onValueChange={(next) => {
        if (next) session.look({ xAxis: next as XAxis });
      }}
    >
      <ToggleGroup.Item value="step">Steps</ToggleGroup.Item>
      <ToggleGroup.Item value="tokens">Tokens</ToggleGroup.Item>
    </ToggleGroup.Root>
  );
}

export function LearningPanel() {
  const suite = usePage(mainSuite);
  const series = useMemo(() => learningSeries(suite), [suite]);
  return (
    <Panel
      name="learning"
      title="Is it learning?"
      caption="Reward on the problems it trains on, and accuracy on held-out ones with its 95% interval."
      tools={<AxisSwitch />}
    >
      <Chart
        name="reward"
        title={
          <>
            <MetricName name="reward" /> and held-out accuracy
          </>
        }
        label="Reward and held-out accuracy"
        series={series}
        format={formatPercent}
        tickFormat={percentTick}
        range={SHARE}
        height={240}
        legendBelow
      />
    </Panel>
  );
}

export function TierPanel() {
  // A plain value, so that only a new tier draws the panel again.
  const tiers = usePage((page) => tierNames(page.run.evaluations));
  const series = useMemo(() => tierSeries(tiers), [tiers]);
  return (
    <Panel
      name="tiers"
      title="On which problems?"
      caption="The same held-out accuracy, by family and difficulty."
    >
      <Chart
        name="tiers"
        title={
          <Explain
            label="Accuracy by difficulty"
            definition="The held-out problems of each family and tier, each line the share answered right."
            formula="right answers / answers, inside the tier"
            source="src/rl/evaluate.ts"
          />
        }
        label="Held-out accuracy by difficulty"
        series={series}
        format={formatPercent}
        tickFormat={percentTick}
        range={SHARE}
        height={240}
        legendBelow
      />
    </Panel>
  );
}

export function HealthPanel() {
  const manifest = usePage(shownManifest);
  const onPolicy = manifest.num_iterations === 1;
  return (
    <Panel
      name="health"
      title="Is training healthy?"
      caption="What to look at when the reward does not rise."
    >
      <div className={styles.grid}>
        <Chart
          name="length"
          title={<MetricName name="completions/mean_length" label="Rollout length" />}
          label="Rollout length in tokens: mean, shortest to longest as a band"
          series={LENGTHS}
          format={(value) => formatMetric('completions/mean_length', value)}
          range={FROM_ZERO}
          note="The band reaches from the shortest to the longest rollout."
        />
        <Chart
          name="entropy"
          title={<MetricName name="entropy" />}
          label="Entropy of the policy in nats"
          series={ENTROPY}
          range={FROM_ZERO}
          note="Falls as the policy grows sure. Near zero it no longer explores."
        />
        <Chart
          name="no-signal"
          title={<MetricName name="frac_reward_zero_std" />}
          label="Share of groups without signal"
          series={NO_SIGNAL}
          format={formatPercent}
          tickFormat={percentTick}
          range={SHARE}
          note="All right or all wrong: nothing to compare, nothing to learn."
        />
        <Chart
          name="grad-norm"
          title={<MetricName name="grad_norm" />}
          label="Gradient norm before clipping"
          series={GRAD_NORM}
          range={FROM_ZERO}
          note={`Scaled down to ${manifest.max_grad_norm} when it is larger.`}
        />
        <Chart
          name="clip"
          title={<MetricName name="clip_ratio/region_mean" label="Clip ratios" />}
          label="Share of clipped tokens"
          series={CLIP}
          format={formatPercent}
          tickFormat={finePercentTick}
          range={FROM_ZERO}
          leastSpan={0.01}
          note={
            onPolicy
              ? 'Zero by design: with one update per batch the policy is still the one that sampled, every ratio is 1, and nothing is ever clipped.'
              : 'Tokens whose probability had moved beyond the clip bounds.'
          }
        />
        <Chart
          name="loss"
          title={<MetricName name="loss" />}
          label="Loss"
          series={LOSS}
          leastSpan={0.1}
          note={lossNote(manifest)}
        />
        {manifest.beta > 0 && (
          <Chart
            name="kl"
            title={<MetricName name="kl" />}
            label="KL to the base model in nats"
            series={KL}
            range={FROM_ZERO}
          />
        )}
      </div>
    </Panel>
  );
}

/** Why the loss says so little: the question users of GRPO ask most. */
function lossNote({ num_iterations, beta, loss_type }: Manifest): string | undefined {
  if (num_iterations > 1 || beta > 0) return undefined;
  const why =
    loss_type === 'grpo'
      ? 'a group’s advantages add up to 0, so the value cancels'
      : 'the value is just the mean advantage over tokens, off zero only because right and wrong rollouts differ in length';
  return `Near zero, and learning all the same: every ratio is 1, and ${why}. The gradient does not cancel.`;
}
