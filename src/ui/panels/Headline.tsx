/** The numbers that head the page. Each explains itself; each is in the event stream. */
import type { ReactNode } from 'react';
import {
  formatCount,
  formatDuration,
  formatFixed,
  formatPercent,
  formatPercentInterval,
  formatRate,
  NO_VALUE,
} from '../../run/format';
import { Explain } from '../components/Explain';
import { MetricName } from '../components/MetricName';
import { usePage } from '../state/context';
import {
  finishedSteps,
  firstEvaluation,
  lastEvaluation,
  mainSuite,
  shownManifest,
  shownMetrics,
  taskOf,
} from '../state/selectors';
import styles from './Headline.module.css';

export function Headline() {
  return (
    <dl className={styles.headline} data-testid="headline" aria-label="Headline numbers">
      <StepNumber />
      <Accuracy />
      <Reward />
      <Tokens />
      <Speed />
      <StepTime />
    </dl>
  );
}

interface NumberProps {
  name: string;
  label: ReactNode;
  /** The plain number, for tests and for whoever reads the page by script. */
  raw: number | null | undefined;
  text: string;
  detail?: ReactNode;
  className?: string;
}

function Figure({ name, label, raw, text, detail, className }: NumberProps) {
  return (
    <div className={className}>
      <dt>{label}</dt>
      <dd>
        <span className={`${styles.figure} number`} data-testid={`metric-${name}`} data-value={raw ?? ''}>
          {text}
        </span>
        <span className={`${styles.detail} number`}>{detail}</span>
      </dd>
    </div>
  );
}

function StepNumber() {
  const step = usePage(finishedSteps);
  const steps = usePage((page) => shownManifest(page).steps);
  const label = (
    <Explain
      label="Steps done"
      definition="Optimiser steps finished, up to and with the one on screen. In each, the policy generates rollouts for a batch of prompts, has them judged and is updated once per planned update."
      formula={`${formatCount(step)} of ${formatCount(steps)}`}
      value={formatCount(step)}
      source="src/rl/trainer.ts"
    />
  );
  return (
    <Figure
      name="step"
      label={label}
      raw={step}
      text={formatCount(step)}
      detail={`of ${formatCount(steps)}`}
    />
  );
}

function Accuracy() {
  const now = usePage(lastEvaluation);
  const start = usePage(firstEvaluation);
  const suite = usePage(mainSuite);
  const manifest = usePage(shownManifest);
  const suiteLabel = taskOf(manifest).suites.find((each) => each.name === suite)?.label ?? suite;
  const gain = now && start && now !== start ? now.total.accuracy - start.total.accuracy : null;
  const label = (
    <Explain
      label="Held-out accuracy"
      definition={`The share of held-out problems (${suiteLabel.toLowerCase()}, never trained on, the same ones every time) that the policy answers right when it samples at temperature 1. The interval is Wilson’s, at 95%.`}
      formula={now ? `${now.total.correct} right / ${now.total.samples} answers` : 'right answers / answers'}
      value={now ? formatPercent(now.total.accuracy) : NO_VALUE}
      source="src/rl/evaluate.ts"
    />
  );
  return (
    <Figure
      name="accuracy"
      className={styles.first}
      label={label}
      raw={now?.total.accuracy}
      text={formatPercent(now?.total.accuracy)}
      detail={
        now && (
          <>
            {formatPercentInterval(now.total.low, now.total.high)}
            {gain !== null && start && (
              <span>
                {gain >= 0 ? '+' : '−'}
                {formatFixed(Math.abs(gain) * 100, 1)} points since step {formatCount(start.step)}
              </span>
            )}
          </>
        )
      }
    />
  );
}

function Reward() {
  const last = usePage(shownMetrics);
  const value = last?.metrics.reward;
  return (
    <Figure
      name="reward"
      label={<MetricName name="reward" />}
      raw={value}
      text={formatFixed(value, 3)}
      detail={last && `± ${formatFixed(last.metrics.reward_std, 2)} in a group`}
    />
  );
}

function Tokens() {
  const value = usePage((page) => shownMetrics(page)?.numTokens);
  return (
    <Figure
      name="tokens"
      label={<MetricName name="num_tokens" label="Tokens" />}
      raw={value}
      text={formatCount(value)}
      detail={value === undefined ? '' : 'in rollouts'}
    />
  );
}

function Speed() {
  const value = usePage((page) => shownMetrics(page)?.metrics.tokens_per_second);
  return (
    <Figure
      name="speed"
      label={<MetricName name="tokens_per_second" />}
      raw={value}
      text={formatRate(value, 'tokens').replace(' tokens/s', '')}
      detail={value === undefined ? '' : 'tokens per second'}
    />
  );
}

function StepTime() {
  const last = usePage(shownMetrics);
  const remaining = usePage((page) => {
    const point = shownMetrics(page);
    return point ? Math.max(0, shownManifest(page).steps - finishedSteps(page)) * point.stepMs : null;
  });
  const value = last?.metrics.step_time;
  const ms = value === undefined ? last?.stepMs : value * 1000;
  return (
    <Figure
      name="step-time"
      label={<MetricName name="step_time" label="Time per step" />}
      raw={ms === undefined ? null : ms / 1000}
      text={formatDuration(ms)}
      detail={remaining !== null && remaining > 0 && `about ${formatDuration(remaining)} to go`}
    />
  );
}
