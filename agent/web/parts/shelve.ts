import { html, type TemplateResult } from 'lit'
import type { AlarmView } from '../../view/shapes.ts'
import type { Operator } from '../session.ts'
import { strings } from '../strings.ts'
import { Dialog } from './dialog.ts'

/** Silences an alarm: for how long, and why. Tells with `done` that it is over. */
class Shelve extends Dialog {
  static override properties = { alarm: { attribute: false }, operator: { attribute: false } }
  declare alarm: AlarmView
  declare operator: Operator

  protected get heading(): string {
    return strings.alarm.shelveTitle(this.alarm.asset)
  }

  protected content(): TemplateResult {
    const words = strings.alarm
    return html`<p class="hint">${words.shelveHint}</p>
      <label
        >${words.duration}
        <select name="for">
          ${Object.entries(words.durations).map(([value, text]) => html`<option value=${value} ?selected=${value === '8h'}>${text}</option>`)}
        </select>
      </label>
      <label
        >${words.reason}
        <input name="reason" required maxlength="500" placeholder=${words.reasonHint} autofocus />
      </label>
      <div class="row end">
        <button type="button" @click=${() => this.close()}>${strings.cancel}</button>
        <button class="primary">${words.shelve.replace(' …', '')}</button>
      </div>`
  }

  protected submit(data: FormData): void {
    const content = { for: data.get('for') as string, reason: (data.get('reason') as string).trim() }
    void this.operator.act(
      `/api/alarms/${encodeURIComponent(this.alarm.id)}/shelve`,
      content,
      strings.alarm.shelved(this.alarm.asset),
    )
    this.close()
  }

  protected closed(): void {
    this.dispatchEvent(new CustomEvent('done'))
  }
}

customElements.define('mw-shelve', Shelve)
