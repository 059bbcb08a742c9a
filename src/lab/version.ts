/** Version of the lab, written into every run. The same as in package.json, which a test holds it to. */
export const LAB_VERSION = '0.1.0';
