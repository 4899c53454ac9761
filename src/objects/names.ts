/**
 * Names: the syntax rules of Kubernetes names, label keys and label values.
 *
 * Models    kubernetes v1.34 staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go
 * Each check returns undefined when the text is valid, or what is wrong with it as half a sentence.
 */

const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_PART = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** A DNS-1123 label: container names, namespaces. */
export function checkDnsLabel(text: string): string | undefined {
  if (text.length <= 63 && DNS_LABEL.test(text)) return undefined;
  return 'must be at most 63 lower-case letters, digits and "-", starting and ending with a letter or digit';
}

/** A DNS-1123 subdomain: most object names. */
export function checkDnsSubdomain(text: string): string | undefined {
  if (text.length <= 253 && DNS_SUBDOMAIN.test(text)) return undefined;
  return 'must be at most 253 lower-case letters, digits, "-" and ".", starting and ending with a letter or digit';
}

/** `[prefix/]name`: label keys, annotation keys, resource names. */
export function checkQualifiedName(text: string): string | undefined {
  const slash = text.indexOf('/');
  if (slash === -1) return text.length <= 63 && QUALIFIED_PART.test(text) ? undefined : QUALIFIED_NAME_RULE;
  const prefix = text.slice(0, slash);
  const name = text.slice(slash + 1);
  if (checkDnsSubdomain(prefix) !== undefined) return `has a prefix that ${checkDnsSubdomain(prefix)}`;
  return name.length <= 63 && QUALIFIED_PART.test(name) ? undefined : QUALIFIED_NAME_RULE;
}

const QUALIFIED_NAME_RULE =
  'must be an optional DNS prefix with "/" and a name of at most 63 letters, digits, "-", "_" and ".", starting and ending with a letter or digit';

export function checkLabelValue(text: string): string | undefined {
  if (text === '' || (text.length <= 63 && QUALIFIED_PART.test(text))) return undefined;
  return 'must be empty or at most 63 letters, digits, "-", "_" and ".", starting and ending with a letter or digit';
}

export function isLabelKey(text: string): boolean {
  return checkQualifiedName(text) === undefined;
}

export function isLabelValue(text: string): boolean {
  return checkLabelValue(text) === undefined;
}

/** Resources in whole units that nodes may offer under a domain of their own, such as `nvidia.com/gpu`. */
export function isExtendedResource(name: string): boolean {
  return (
    name.includes('/') &&
    !name.includes('kubernetes.io/') &&
    !name.startsWith('requests.') &&
    checkQualifiedName(`requests.${name}`) === undefined
  );
}

/** The resources, besides cpu, memory, ephemeral-storage and pods, that the scheduler accounts for; all others it ignores. */
export function isScalarResource(name: string): boolean {
  return (
    isExtendedResource(name) || name.startsWith('hugepages-') || name.includes('kubernetes.io/') || name.startsWith('attachable-volumes-')
  );
}
