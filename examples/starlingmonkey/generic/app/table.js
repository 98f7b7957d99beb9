// A gazetteer of 50,000 invented places and an index over it. The numbers come from a fixed seed: no clock and no
// randomness at initialization, so that the same sources give the same component.
const syllables =
  "al ber cor dun el fen gar hol is jar kel lin mor nor ost pel quin ros sel tor ul ven wal yar zin".split(" ");
const regions = ["North", "East", "South", "West", "Middle", "Islands", "Hills", "Marshes"];

let state = 0x9e3779b9;
const next = (limit) => {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % limit;
};

const name = () => {
  let text = "";
  for (let i = 2 + next(3); i > 0; i--) text += syllables[next(syllables.length)];
  return text[0].toUpperCase() + text.slice(1);
};

/** @type {{ id: number, name: string, region: string, people: number, latitude: number, longitude: number }[]} */
export const places = Array.from({ length: 50_000 }, (_, id) => ({
  id,
  name: name(),
  region: regions[next(regions.length)],
  people: 20 + next(200) ** 2,
  latitude: (next(18_000) - 9_000) / 100,
  longitude: (next(36_000) - 18_000) / 100,
}));

/** The first three letters of a name -> the places that start with them. @type {Map<string, number[]>} */
export const byPrefix = new Map();
for (const place of places) {
  const prefix = place.name.slice(0, 3).toLowerCase();
  const ids = byPrefix.get(prefix);
  if (ids) ids.push(place.id);
  else byPrefix.set(prefix, [place.id]);
}

export const statistics = {
  count: places.length,
  people: places.reduce((sum, place) => sum + place.people, 0),
  prefixes: byPrefix.size,
  regions: regions.map((region) => {
    const inside = places.filter((place) => place.region === region);
    return { name: region, places: inside.length, people: inside.reduce((sum, place) => sum + place.people, 0) };
  }),
};
