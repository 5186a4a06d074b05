import { html, nothing, type TemplateResult } from 'lit'
import type { Operator } from '../session.ts'
import { strings } from '../strings.ts'
import { Dialog } from './dialog.ts'

/** Log-in, name, log-out. */
export class Login extends Dialog {
  static override properties = { operator: { attribute: false } }
  declare operator: Operator
  protected get heading(): string {
    return strings.session.title
  }

  protected content(): TemplateResult {
    const { session } = strings
    const { loggedIn, name, known, note } = this.operator
    if (known.name !== undefined && known.role !== undefined) return this.#known(known.name, known.role)
    return html` ${
        loggedIn
          ? nothing
          : html`<p class="hint" id="token-hint">${session.hint}</p>
              <label
                >${session.token}
                <input
                  name="token"
                  type="password"
                  autocomplete="current-password"
                  required
                  aria-describedby="token-hint"
                  autofocus
                />
              </label>`
      }
      <label
        >${session.name}
        <input name="name" autocomplete="name" maxlength="100" .value=${name} aria-describedby="name-hint" />
      </label>
      <p class="hint" id="name-hint">${session.nameHint}</p>
      ${note?.bad ? html`<p class="error" role="alert">${note.text}</p>` : nothing}
      <div class="row end">
        ${loggedIn ? html`<button type="button" class="quiet" @click=${() => void this.operator.logOut()}>${session.logout}</button><span class="space"></span>` : nothing}
        <button type="button" @click=${() => this.close()}>${strings.cancel}</button>
        <button class="primary">${loggedIn ? session.save : session.submit}</button>
      </div>`
  }

  /** Whoever the agent knows has no name to give. */
  #known(name: string, role: string): TemplateResult {
    const { session } = strings
    const byProxy = this.operator.known.proof === 'proxy'
    return html`<p>${session.knownAs(name, role)}</p>
      <p class="hint">${byProxy ? session.byProxy : session.nameHint}</p>
      <div class="row end">
        ${byProxy ? nothing : html`<button type="button" class="quiet" @click=${() => void this.operator.logOut()}>${session.logout}</button><span class="space"></span>`}
        <button type="button" @click=${() => this.close()}>${strings.cancel}</button>
      </div>`
  }

  protected submit(data: FormData): void {
    const text = (name: string) => ((data.get(name) as string | null) ?? '').trim()
    void this.operator.enter(text('name'), text('token')).then(() => this.requestUpdate())
  }

  protected closed(): void {
    this.operator.leave()
  }
}

customElements.define('mw-login', Login)
