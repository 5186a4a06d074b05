export {
  Letters,
  isWhole,
  type LetterFilter,
  type LetterOutcome,
  type LetterParts,
  type ListedLetter,
  type StoredLetter,
} from './letters.ts'
