/** How the file of an export is written: natively, or as a vendor's clients expect it. */
import { type ExportJobOptions, type ExportShape, type JobRow, nativeShapes, type Work } from '@reeve/core';

export async function exportShapeOf(job: JobRow, work: Work): Promise<ExportShape> {
  const options = JSON.parse(job.options) as ExportJobOptions;
  if (options.dialect === undefined) return nativeShapes[options.format];
  const { exportShape } = await import('@reeve/auth0/server/export-user');
  return exportShape(work, options);
}
