import { html, type TemplateResult } from 'lit'
import { PageElement } from './element.ts'

/** A question over the page; Escape and Cancel close it. It is open as long as the element is there. */
export abstract class Dialog extends PageElement {
  protected abstract get heading(): string
  protected abstract content(): TemplateResult
  protected abstract submit(data: FormData): void
  /** Called when it was closed without an answer. */
  protected abstract closed(): void

  protected override render(): TemplateResult {
    return html`<dialog aria-labelledby="dialog-title" @close=${() => this.closed()}>
      <form @submit=${this.#submitted}>
        <h2 id="dialog-title">${this.heading}</h2>
        ${this.content()}
      </form>
    </dialog>`
  }

  protected override firstUpdated(): void {
    this.querySelector('dialog')!.showModal()
  }

  protected close(): void {
    this.querySelector('dialog')?.close()
  }

  readonly #submitted = (event: SubmitEvent): void => {
    event.preventDefault()
    this.submit(new FormData(event.target as HTMLFormElement))
  }
}
