/** A formula, typeset once KaTeX is there: it is fetched when the first formula is drawn, and the page does not wait. */
import { lazy, Suspense } from 'react';
import styles from './Formula.module.css';

const FormulaText = lazy(() => import('./FormulaText'));

export function Formula({ name, tex }: { name: string; tex: string }) {
  return (
    <div className={styles.formula} data-testid={`formula-${name}`} data-tex={tex}>
      <Suspense fallback={<span className={styles.waiting} aria-hidden="true" />}>
        <FormulaText tex={tex} />
      </Suspense>
    </div>
  );
}
