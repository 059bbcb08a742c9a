/** Types of browser.mjs for TypeScript that imports it (Playwright's configuration). */
export function installedBrowsers(): string[];
export function ensureBrowser(): Promise<{ path: string; version: string }>;
