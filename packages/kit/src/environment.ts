/** The one place that reads the environment of the process; everything else is handed values. */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  return { ...process.env }
}
