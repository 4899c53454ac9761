/**
 * The claims of a pod, as the volume plugins know them.
 */
export {
  ANNOTATION_BIND_COMPLETED,
  ANNOTATION_BOUND_BY_CONTROLLER,
  ANNOTATION_CLASS,
  ANNOTATION_SELECTED_NODE,
  type ClaimReference,
  claimNotFound,
  claimOf,
  claimsOf,
  classOf,
  foreignClaim,
  hasAnnotation,
  isFullyBound,
  usesClaim,
} from '../objects/volume-claims.ts';
