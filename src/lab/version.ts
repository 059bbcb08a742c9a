import packageJson from '../../package.json';

/** Version of the lab, written into every run. */
export const LAB_VERSION: string = packageJson.version;
