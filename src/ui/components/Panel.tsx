/**
 * A panel of the page: a titled region with room for controls at its right and a caption under its title. Its menu
 * enlarges it, links to it and saves what its parts offer (`panel-offers.ts`).
 */
import { Dialog } from 'radix-ui';
import { type ReactNode, useCallback, useEffect, useId, useMemo, useRef, useState } from 'react';
import { useIsShown } from '../embed/context';
import { Button } from './Button';
import { Icon } from './Icon';
import overlay from './Overlay.module.css';
import styles from './Panel.module.css';
import { PanelMenu, panelId } from './PanelMenu';
import { type Offer, type PanelOffers, PanelOffersContext } from './panel-offers';

interface Props {
  /** Stable name, for links and tests: `groups`, `charts`. */
  name: string;
  title: string;
  caption?: ReactNode;
  tools?: ReactNode;
  children: ReactNode;
  className?: string;
  /** What the panel itself can be saved as, beside what its parts offer. */
  save?: Offer;
}

export function Panel({ name, title, caption, tools, children, className, save }: Props) {
  const heading = useId();
  const shown = useIsShown(name, title);
  const section = useRef<HTMLElement>(null);
  const [enlarged, setEnlarged] = useState(false);
  // Whoever comes by a link to a panel is not to see it pushed away by the heights of others.
  const [linked] = useState(() => location.hash.startsWith(`#${panelId('')}`));
  const parts = useRef(new Set<Offer>());
  const add = useCallback((offer: Offer) => {
    parts.current.add(offer);
    return () => {
      parts.current.delete(offer);
    };
  }, []);
  const context = useMemo((): PanelOffers => ({ add, enlarged }), [add, enlarged]);
  const offers = () => [...(save ? [save] : []), ...parts.current];
  // A link to the panel is followed before the panel is there.
  useEffect(() => {
    if (location.hash === `#${panelId(name)}`) section.current?.scrollIntoView({ block: 'start' });
  }, [name]);
  if (!shown) return null;
  return (
    <section
      ref={section}
      id={panelId(name)}
      data-testid={`panel-${name}`}
      data-linked={linked}
      aria-labelledby={heading}
      className={className ? `${styles.panel} ${className}` : styles.panel}
    >
      <header className={styles.header}>
        <h2 id={heading}>{title}</h2>
        <div className={styles.tools}>
          {tools}
          <PanelMenu name={name} title={title} offers={offers} onEnlarge={() => setEnlarged(true)} />
        </div>
        {caption && <p className={styles.caption}>{caption}</p>}
      </header>
      <PanelOffersContext value={context}>
        {enlarged ? <p className={styles.away}>Shown enlarged.</p> : children}
        <Dialog.Root open={enlarged} onOpenChange={setEnlarged}>
          <Dialog.Portal>
            <Dialog.Overlay className={overlay.shade} />
            <Dialog.Content
              className={`${overlay.dialog} ${styles.large}`}
              aria-describedby={undefined}
              data-testid={`enlarged-${name}`}
            >
              <header className={styles.header}>
                <Dialog.Title className={styles.largeTitle}>{title}</Dialog.Title>
                <div className={styles.tools}>
                  {tools}
                  <Dialog.Close asChild>
                    <Button weight="quiet" icon={<Icon name="close" />} aria-label="Close" />
                  </Dialog.Close>
                </div>
                {caption && <p className={styles.caption}>{caption}</p>}
              </header>
              {children}
            </Dialog.Content>
          </Dialog.Portal>
        </Dialog.Root>
      </PanelOffersContext>
    </section>
  );
}
