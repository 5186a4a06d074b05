import assert from 'node:assert/strict'
import { TagTable } from '../../agent/core/index.ts'

describe('core/tags of another type', () => {
  it('get another index under the same name, and what was stored keeps its own', () => {
    const tags = new TagTable()
    const text = tags.resolve({ name: 'boiler/flow', type: 'text', unit: '°C' })
    const number = tags.retype('boiler/flow', 'number')!
    assert.notEqual(number.index, text.index)
    assert.deepEqual([tags.at(text.index).type, tags.at(number.index).type, number.unit], ['text', 'number', '°C'])
    assert.equal(tags.find('boiler/flow'), number)
    assert.equal(tags.retyped, 1)
    assert.equal(tags.retype('boiler/flow', 'number'), number)
    assert.equal(tags.retype('boiler/other', 'number'), undefined)
    assert.equal(tags.retyped, 1)
    // As a journal puts them back, in the order of their indices.
    assert.equal(new TagTable([...tags]).find('boiler/flow')?.type, 'number')
  })

  it('take the type of their first value where only words for missing came before', () => {
    const tags = new TagTable()
    const bare = tags.resolve({ name: 'a', type: 'number', untyped: true })
    assert.equal(tags.resolve({ name: 'a', type: 'number', untyped: true }), bare)
    const typed = tags.resolve({ name: 'a', type: 'text' })
    assert.deepEqual([typed.type, typed.untyped, typed.index], ['text', undefined, bare.index + 1])
    assert.equal(tags.resolve({ name: 'a', type: 'number', untyped: true }), typed)
  })
})
