/** What a person might ask of the loaded tables. */
export const questions = [
  {
    title: 'Flights from which cities are the latest? (3 million flights joined to airports)',
    sql: `SELECT a.city, a.state, count(*) AS flights,
       round(avg(f.delay), 1) AS "minutes late",
       round(100.0 * avg((f.delay > 30)::INT), 1) AS "% over half an hour"
FROM main.flights f JOIN main.airports a ON a.iata = f.origin
GROUP BY ALL HAVING count(*) > 20000
ORDER BY "minutes late" DESC, flights DESC LIMIT 6`,
  },
  {
    title: 'When is it best to fly? (by the hour of departure)',
    sql: `SELECT hour(date) AS hour, count(*) AS flights, round(avg(delay), 1) AS "minutes late",
       bar(avg(delay), 0, 20, 24) AS late
FROM main.flights WHERE hour(date) BETWEEN 6 AND 22
GROUP BY hour ORDER BY hour`,
  },
  {
    title:
      'Which penguin of each island and sex is the heaviest? (JSON, column names as they came)',
    sql: `SELECT "Species", "Island", "Sex", "Body Mass (g)" AS grams,
       round("Body Mass (g)" / avg("Body Mass (g)") OVER (PARTITION BY "Species"), 2) AS "of its species' mean"
FROM main.penguins WHERE "Sex" IN ('MALE', 'FEMALE')
QUALIFY row_number() OVER (PARTITION BY "Island", "Sex" ORDER BY "Body Mass (g)" DESC) = 1
ORDER BY grams DESC`,
  },
  {
    title: 'How wet was the end of 2015? (one file a year: the other years are not read)',
    sql: `SELECT strftime(date, '%B') AS month, round(sum(precipitation), 1) AS "rain in mm",
       count(*) FILTER (precipitation > 0) AS "days with rain", max(temp_max) AS "warmest day"
FROM main.weather WHERE date >= DATE '2015-10-01'
GROUP BY month, month(date) ORDER BY month(date)`,
  },
  {
    title: 'How did each share do from year to year? (a window over CSV)',
    sql: `WITH yearly AS (
  SELECT symbol, year(strptime(date, '%b %-d %Y')) AS year, avg(price) AS price
  FROM main.stocks GROUP BY ALL)
SELECT symbol, year, round(price, 2) AS "mean price",
       round(100 * (price / lag(price) OVER (PARTITION BY symbol ORDER BY year) - 1), 1) AS "change in %"
FROM yearly QUALIFY row_number() OVER (PARTITION BY symbol ORDER BY year DESC) <= 2
ORDER BY symbol, year`,
  },
]
