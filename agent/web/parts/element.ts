import { LitElement } from 'lit'

/** An element in the page's own tree: one style sheet, and labels that reach across elements. */
export class PageElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this
  }
}
