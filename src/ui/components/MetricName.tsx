/** A metric's name with its tooltip: definition, formula and where it is computed, from the metrics' registry. */
import type { ReactNode } from 'react';
import { findMetric, formatMetric } from '../../run/metrics';
import { usePage } from '../state/context';
import { shownMetrics } from '../state/selectors';
import { Explain } from './Explain';

interface Props {
  /** Its key in the step's metrics. */
  name: string;
  /** What to show in place of its label. */
  label?: string;
  children?: ReactNode;
}

export function MetricName({ name, label, children }: Props) {
  const metric = findMetric(name);
  const value = usePage((page) => shownMetrics(page)?.metrics[name]);
  if (!metric) return <span>{label ?? name}</span>;
  return (
    <Explain
      label={metric.label}
      definition={metric.definition}
      formula={metric.formula}
      source={metric.source}
      value={formatMetric(name, value)}
      trigger={label}
    >
      {children}
    </Explain>
  );
}
