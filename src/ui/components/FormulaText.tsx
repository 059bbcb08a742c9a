/** TeX set by KaTeX, with MathML beside it for those who do not see it. Loaded on demand by `Formula`. */
import katex from 'katex';
import 'katex/dist/katex.min.css';
import { useLayoutEffect, useRef } from 'react';

export default function FormulaText({ tex }: { tex: string }) {
  const ref = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    // What cannot be set is shown as it is written rather than thrown at the panel.
    if (ref.current) katex.render(tex, ref.current, { throwOnError: false, strict: 'ignore' });
  }, [tex]);
  return <span ref={ref} />;
}
