/**
 * A sweep as a Kubernetes Indexed Job with retries for each index, and a ConfigMap that carries the sweep to its pods:
 * https://kubernetes.io/docs/concepts/workloads/controllers/job/. Needs Kubernetes 1.29 or newer, where retries for each
 * index are on by default. Used by `lab emit k8s`.
 */

import type { IJob } from 'kubernetes-models/batch/v1/Job';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { IVolume } from 'kubernetes-models/v1/Volume';
import { stringify } from 'yaml';
import { UNFINISHED, WRONG_USAGE } from '../dispatch';
import { type SweepJob, sweepCommand } from './job';

export interface KubernetesOptions {
  image: string;
  namespace: string | null;
  /** Where results are kept; seen by all pods. */
  volume: { claim: string } | { nfs: { server: string; path: string } } | { host: string };
  /** How many indices may fail before the rest is given up; null for any number. */
  maxFailed: number | null;
  /** Such as `nvidia.com/gpu` and 1. */
  resources: readonly { name: string; amount: number }[];
  /** The sweep itself, in JSON. */
  sweep: string;
}

const CONTAINER = 'lab';
/** Where a pod finds them. */
export const POD_SWEEP = '/sweep/sweep.json';
export const POD_RESULTS = '/results';

/** A name as Kubernetes takes it, with room for what it adds for an index and a pod. */
export const jobName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 45)
    .replace(/^-+|-+$/g, '') || 'sweep';

export function kubernetesObjects(job: SweepJob, options: KubernetesOptions): { map: IConfigMap; job: IJob } {
  const name = jobName(job.name);
  const metadata = {
    name,
    labels: { 'app.kubernetes.io/name': 'masa-lab', 'app.kubernetes.io/instance': name },
    ...(options.namespace !== null && { namespace: options.namespace }),
  };
  const amounts = {
    ...(job.cpus !== null && { cpu: String(job.cpus) }),
    ...(job.memory !== null && { memory: `${job.memory}i` }),
  };
  const limits = {
    ...amounts,
    ...Object.fromEntries(options.resources.map((each) => [each.name, String(each.amount)])),
  };
  const indexed: IJob = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata,
    spec: {
      completionMode: 'Indexed',
      completions: job.cells,
      parallelism: Math.min(job.atOnce ?? job.cells, job.cells),
      backoffLimitPerIndex: job.retries,
      ...(options.maxFailed !== null && { maxFailedIndexes: Math.min(options.maxFailed, job.cells) }),
      // A pod is replaced once it is gone, not while it is still writing its checkpoint.
      podReplacementPolicy: 'Failed',
      podFailurePolicy: {
        rules: [
          // The node was wanted for something else, or the cell stopped with a checkpoint: no failure of the cell.
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          {
            action: 'Ignore',
            onExitCodes: { containerName: CONTAINER, operator: 'In', values: [UNFINISHED] },
          },
          // Refused for what no further try would change.
          {
            action: 'FailIndex',
            onExitCodes: { containerName: CONTAINER, operator: 'In', values: [WRONG_USAGE] },
          },
        ],
      },
      template: {
        metadata: { labels: metadata.labels },
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: job.grace,
          containers: [
            {
              name: CONTAINER,
              image: options.image,
              // Its index is JOB_COMPLETION_INDEX, which Kubernetes sets.
              command: sweepCommand(job),
              resources: {
                ...(Object.keys(amounts).length > 0 && { requests: amounts }),
                ...(Object.keys(limits).length > 0 && { limits }),
              },
              volumeMounts: [
                { name: 'sweep', mountPath: '/sweep', readOnly: true },
                { name: 'results', mountPath: POD_RESULTS },
              ],
            },
          ],
          volumes: [{ name: 'sweep', configMap: { name } }, results(options.volume)],
        },
      },
    },
  };
  const map: IConfigMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata,
    data: { 'sweep.json': options.sweep },
  };
  return { map, job: indexed };
}

function results(volume: KubernetesOptions['volume']): IVolume {
  if ('claim' in volume) return { name: 'results', persistentVolumeClaim: { claimName: volume.claim } };
  if ('nfs' in volume) return { name: 'results', nfs: volume.nfs };
  return { name: 'results', hostPath: { path: volume.host, type: 'DirectoryOrCreate' } };
}

/** Both objects as one file for `kubectl apply -f`. */
export function kubernetesYaml(job: SweepJob, options: KubernetesOptions): string {
  const { map, job: indexed } = kubernetesObjects(job, options);
  const head = `# The sweep ${job.name}, one cell an index: kubectl apply -f this file.\n`;
  return (
    head +
    [map, indexed]
      .map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }))
      .join('---\n')
  );
}
