/**
 * How well the policy predicts its own rollouts, and what the predictions are used for: curves of MASA's metrics.
 * Shown for runs that ask for predictions or gate prompts; a plain run has none of these numbers.
 */
import { formatPercent } from '../../run/format';
import { Chart } from '../components/Chart';
import { MetricName } from '../components/MetricName';
import { Panel } from '../components/Panel';
import { usePage } from '../state/context';
import { shownManifest } from '../state/selectors';
import styles from './Charts.module.css';
import {
  ADAPTER_NLL,
  CUT,
  EXPERT_NLL,
  GATED,
  META_REWARDS,
  PARSE_RATE,
  PASS_RATE_ERROR,
  PASS_RATE_PEARSON,
} from './curves';

const SHARE: [number, number] = [0, 1];
const SIGNED: [number, number] = [-1, 1];
const percentTick = (value: number) => `${Math.round(value * 100)}%`;

export function SelfKnowledgePanel() {
  const manifest = usePage(shownManifest);
  const predicts = manifest.masa_meta !== 'off';
  if (!predicts && !manifest.masa_gate) return null;
  const trained = manifest.masa_meta === 'train';
  const sampled = manifest.masa_num_generations > 0;
  const learner = manifest.meta_adapter !== 'none' ? 'adapter' : manifest.masa_experts ? 'expert' : null;
  return (
    <Panel
      name="self-knowledge"
      title="Does it know itself?"
      caption={
        trained
          ? 'It is asked to predict its own rollouts, and rewarded for being right about them.'
          : manifest.meta_adapter !== 'none'
            ? 'An adapter of its own learns from each outcome what it will be able to solve; solving never sees it.'
            : predicts
              ? 'It is asked to predict its own rollouts, and never told how well it did.'
              : 'A gate outside of the policy skips prompts that would teach nothing.'
      }
    >
      <div className={styles.grid}>
        {predicts && (
          <>
            <Chart
              name="pass-rate-error"
              title={<MetricName name="masa/pass_rate_mae" />}
              label="Mean distance between predicted and true pass rate"
              series={PASS_RATE_ERROR}
              format={formatPercent}
              tickFormat={percentTick}
              range={SHARE}
              note="How far its guess of its own pass rate is off, over the prompts of the step. Zero would be perfect."
            />
            <Chart
              name="pass-rate-pearson"
              title={<MetricName name="masa/pass_rate_pearson" />}
              label="Correlation of predicted and true pass rate"
              series={PASS_RATE_PEARSON}
              range={SIGNED}
              note="1: it knows which prompts it will solve. 0: its guess says nothing. Noisy, for a step has few prompts."
            />
          </>
        )}
        {predicts && sampled && (
          <>
            <Chart
              name="meta-rewards"
              title={<MetricName name="masa/reward" label="Rewards of its predictions" />}
              label="Mean reward of predicted length, pass rate and notions"
              series={META_REWARDS}
              format={formatPercent}
              tickFormat={percentTick}
              range={SHARE}
              note="The three parts that are averaged into the reward of a prediction."
            />
            <Chart
              name="parse-rate"
              title={<MetricName name="masa/parse_rate" />}
              label="Share of predictions that can be read"
              series={PARSE_RATE}
              format={formatPercent}
              tickFormat={percentTick}
              range={SHARE}
              note="What cannot be read earns nothing for the part that is missing."
            />
          </>
        )}
        {learner && (
          <Chart
            name="meta-nll"
            title={<MetricName name={`masa/${learner}/nll`} />}
            label="Negative log-likelihood of what the predictions are taught"
            series={learner === 'adapter' ? ADAPTER_NLL : EXPERT_NLL}
            range={[0, null]}
            note="How surprised it is by the truth about its own rollouts, before it learns from it."
          />
        )}
        {manifest.masa_gate && (
          <Chart
            name="gated"
            title={<MetricName name="masa/gate/gated" />}
            label="Prompts the gate skipped"
            series={GATED}
            range={[0, null]}
            note="Prompts that got no rollouts, as they were expected to teach nothing."
          />
        )}
        {manifest.masa_cutoff && (
          <Chart
            name="cut"
            title={<MetricName name="masa/cutoff/cut" />}
            label="Rollouts cut short"
            series={CUT}
            format={formatPercent}
            tickFormat={percentTick}
            range={SHARE}
            note={`Rollouts stopped at ${manifest.masa_cutoff_multiple} times their predicted length.`}
          />
        )}
      </div>
    </Panel>
  );
}
