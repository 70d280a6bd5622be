/** Small texts to be found by what they mean, and questions that share hardly a word with them. */
export const notes = [
  ['harbour', 'The ship sank in a storm near the harbour', 'sea'],
  ['lighthouse', 'A keeper lit the lamp of the lighthouse every evening', 'sea'],
  ['robbery', 'The judge sentenced the thief to three years in prison', 'law'],
  ['contract', 'Both parties signed the agreement before a notary', 'law'],
  ['orchard', 'We picked apples and pears in the orchard', 'food'],
  ['bakery', 'Knead the dough and bake the bread in a hot oven', 'food'],
  ['soup', 'Cook onions in butter, then add broth for the soup', 'food'],
  ['comet', 'The astronomer watched a comet through the telescope', 'science'],
  ['vaccine', 'The physician gave the child an injection against the disease', 'science'],
  ['fossil', 'Bones of an extinct reptile were found in the rock', 'science'],
  ['concert', 'The orchestra played a symphony in the great hall', 'art'],
  ['portrait', 'She painted the portrait of a duke in oil', 'art'],
  ['match', 'The goalkeeper stopped the ball and the team won', 'sport'],
  ['marathon', 'Thousands ran through the city for forty kilometres', 'sport'],
  ['pump', 'Order part number XJ-4471 for the water pump', 'shop'],
].map(([id, body, topic]) => ({ id, body, topic }))

/** `expected` comes among the first three. */
export const textQueries = [
  { text: 'a robber was sent to jail', expected: 'robbery' },
  { text: 'a doctor cured an ill kid with medicine', expected: 'vaccine' },
  { text: 'musicians perform for an audience', expected: 'concert' },
  { text: 'dinosaur skeleton', expected: 'fossil' },
  { text: 'spare part xj 4471', mode: 'hybrid', expected: 'pump' },
]
