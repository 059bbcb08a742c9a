/** How predictions fare over the run: curves of MASA's metrics. The step and its prompts are the panel's. */
import { useMemo } from 'react';
import { formatFixed, formatNumber, formatPercent } from '../../../run/format';
import { Chart } from '../../components/Chart';
import { MetricName } from '../../components/MetricName';
import { usePage } from '../../state/context';
import { mainSuite } from '../../state/selectors';
import styles from '../Charts.module.css';
import { ADAPTER_NLL, EXPERT_NLL, META_REWARDS, PARSE_RATE, passRateError, passRatePearson } from '../curves';

const SHARE: [number, number] = [0, 1];
const FROM_ZERO: [number, null] = [0, null];
const SIGNED: [number, number] = [-1, 1];
const twoDecimals = (value: number) => formatFixed(value, 2);
const percentTick = (value: number) => `${Math.round(value * 100)}%`;

interface Props {
  /** Predictions are written out, not only read off, so that they parse and are rewarded in parts. */
  sampled: boolean;
  /** Who learns from outcomes by supervision, if anyone. */
  learner: 'adapter' | 'expert' | null;
}

export function PredictionCurves({ sampled, learner }: Props) {
  const suite = usePage(mainSuite);
  const [error, pearson] = useMemo(() => [passRateError(suite), passRatePearson(suite)], [suite]);
  return (
    <div className={styles.grid}>
      <Chart
        name="pass-rate-error"
        title={<MetricName name="masa/pass_rate_mae" />}
        label="Mean distance between predicted and true pass rate"
        series={error}
        format={formatPercent}
        tickFormat={percentTick}
        range={SHARE}
        legendBelow
        note="How far its guess of its own pass rate is off: over the prompts that a step rolled out, and over held-out problems. Zero would be perfect."
      />
      <Chart
        name="pass-rate-pearson"
        title={<MetricName name="masa/pass_rate_pearson" />}
        label="Correlation of predicted and true pass rate"
        series={pearson}
        format={twoDecimals}
        tickFormat={formatNumber}
        range={SIGNED}
        legendBelow
        note="1: it knows which prompts it will solve. 0: its guess says nothing. A step’s own is noisy, from few prompts."
      />
      {sampled && (
        <>
          <Chart
            name="meta-rewards"
            title={<MetricName name="masa/reward" label="Rewards of its predictions" />}
            label="Mean reward of predicted length, pass rate and notions"
            series={META_REWARDS}
            format={formatPercent}
            tickFormat={percentTick}
            range={SHARE}
            legendBelow
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
            legendBelow
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
          range={FROM_ZERO}
          legendBelow
          note="How surprised it is by the truth about its own rollouts, before it learns from it."
        />
      )}
    </div>
  );
}
