/** Catches what a panel throws while drawing, says so in its place, and leaves the rest of the page and the run alone. */
import { Component, type ErrorInfo, type ReactNode } from 'react';
import styles from './Boundary.module.css';
import { Button } from './Button';

interface Props {
  /** What is inside: 'the page', 'the charts'. */
  name: string;
  children: ReactNode;
}

export class Boundary extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: Error } {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override componentDidCatch(error: unknown, info: ErrorInfo): void {
    console.error(`ui: ${this.props.name} could not be drawn:`, error, info.componentStack);
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <section className={styles.broken} role="alert" data-testid="broken-panel">
        <h2>This part of the page could not be drawn: {this.props.name}</h2>
        <p>{error.message}</p>
        <div className={styles.actions}>
          <Button onClick={() => this.setState({ error: null })}>Try again</Button>
          <Button weight="quiet" onClick={() => location.reload()}>
            Reload the page
          </Button>
        </div>
      </section>
    );
  }
}
