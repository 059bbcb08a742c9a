/** Which browsers have WebGPU, and how to switch it on in each; the visitor's own comes marked. */
import styles from './ErrorPanel.module.css';

interface BrowserNote {
  name: string;
  /** Recognises the user agent; order matters, because most of them claim to be Chrome and Safari too. */
  pattern: RegExp;
  since: string;
  how: string;
}

const BROWSERS: readonly BrowserNote[] = [
  {
    name: 'Firefox',
    pattern: /Firefox\//,
    since: 'Windows from version 141, macOS on Apple silicon from 145.',
    how: 'Elsewhere take Firefox Nightly, or set dom.webgpu.enabled to true in about:config and restart.',
  },
  {
    name: 'Chrome and Edge',
    pattern: /Chrome\/|Chromium\/|Edg\//,
    since: 'Windows, macOS and ChromeOS from version 113, Android from 121.',
    how: 'On Linux, or with a GPU the browser does not trust: open chrome://flags/#enable-unsafe-webgpu (edge://flags in Edge), choose Enabled and restart; or start the browser with --enable-unsafe-webgpu. “Use graphics acceleration” has to be on in chrome://settings/system, and chrome://gpu says what is missing.',
  },
  {
    name: 'Safari',
    pattern: /Safari\//,
    since: 'Version 26 and newer, on macOS, iOS, iPadOS and visionOS.',
    how: 'Older systems: Safari Technology Preview, or Settings, Apps, Safari, Advanced, Feature Flags, WebGPU.',
  },
];

export function BrowserHelp() {
  const yours = BROWSERS.find((browser) => browser.pattern.test(navigator.userAgent));
  return (
    <div className={styles.help} data-testid="browser-help">
      <h3>Where it works, and how to switch it on</h3>
      {!window.isSecureContext && (
        <p>
          <strong>This address is not secure.</strong> Browsers offer WebGPU only over https or on localhost.
        </p>
      )}
      <ul className={styles.browsers}>
        {BROWSERS.map((browser) => (
          <li key={browser.name} data-yours={browser === yours}>
            <strong>
              {browser.name}
              {browser === yours && ' (yours)'}
            </strong>
            <p>{browser.since}</p>
            <p>{browser.how}</p>
          </li>
        ))}
      </ul>
      <p>
        Further down, a trained policy can be tried without any GPU. A graphics driver that is out of date is
        the next thing to look at. Without any GPU the same run works from the command line:{' '}
        <code>npm run -s lab -- train --preset quick --out runs/first</code>
      </p>
    </div>
  );
}
