#!/bin/bash
# The key ceremony: makes the gateway's keys in a PKCS#11 module and leaves its security officer PIN to no one person,
# but to any M of N custodians. What happens and why is in ceremony.md; what happened is in the transcript.
#
#   ceremony.sh perform --threshold M --participants FILE --out DIR [--module LIBRARY] [--label TOKEN] [--profile FILE] [--shares-to DIR]
#   ceremony.sh recover --threshold M --out DIR --share FILE … [--module LIBRARY] [--label TOKEN] [--participants FILE]
#
# Exit codes as the program's: 0 done, 64 usage, 69 something is not there, 70 a check failed, 74 files.
set -euo pipefail
set +x
umask 077
ulimit -c 0
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bawaba=${BAWABA:-bawaba}
module=/usr/lib/softhsm/libsofthsm2.so label=bawaba profile=$here/profiles/production.toml
threshold='' participants='' out='' shares_to='' transcript='' shares=()

die() {
  echo "ceremony: $2" >&2
  # A ceremony that failed is on record too.
  [ ! -e "${transcript:-}" ] || printf '%s\n' "FAILED               $(now) $2" >> "$transcript"
  exit "$1"
}
usage() { sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit "${1:-64}"; }
hash_of() { sha256sum -- "$1" | cut -d' ' -f1; }
# A secret of its own for each use; the root secret is 256 bits of the kernel's randomness, so one hash is enough.
derived() { printf '%s %s' "bawaba ceremony $1" "$root" | sha256sum | cut -d' ' -f1; }
record() { printf '%s\n' "$*" >> "$transcript"; }
now() { date -u +%Y-%m-%dT%H:%M:%SZ; }

[ $# -gt 0 ] || usage
act=$1; shift
case $act in perform|recover) ;; -h|--help) usage 0 ;; *) usage ;; esac
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || die 64 "$1 needs a value"
  case $1 in
    --threshold) threshold=$2 ;; --participants) participants=$2 ;; --out) out=$2 ;; --module) module=$2 ;;
    --label) label=$2 ;; --profile) profile=$2 ;; --shares-to) shares_to=$2 ;; --share) shares+=("$2") ;;
    *) die 64 "$1 is not known" ;;
  esac
  shift 2
done

[[ $threshold =~ ^[0-9]{1,2}$ ]] || die 64 'give --threshold M: how many custodians it takes'
[ "$threshold" -ge 2 ] || die 64 'M must be 2 or more: one custodian alone must not be enough'
[ -n "$out" ] || die 64 'give --out DIR: a new folder for the transcript'
for tool in ssss-split ssss-combine pkcs11-tool openssl sha256sum "$bawaba"; do
  command -v "$tool" >/dev/null || die 69 "$tool is not there; run: make setup"
done
[ -r "$module" ] || die 69 "$module: no such PKCS#11 library"

custodians=()
if [ -n "$participants" ]; then
  [ -r "$participants" ] || die 74 "$participants: cannot be read"
  mapfile -t custodians < <(sed -n 's/^custodian: *//p' "$participants")
fi
if [ "$act" = perform ]; then
  count=${#custodians[@]}
  [ "$count" -ge 1 ] || die 64 'give --participants FILE with lines "custodian: NAME", "officer: NAME", "witness: NAME"'
  [ "$threshold" -le "$count" ] || die 64 "M is $threshold, but there are only $count custodians"
  [ "$threshold" -lt "$count" ] || echo 'ceremony: M equals N: one lost share loses the token' >&2
  [ "$count" -le 20 ] || die 64 'more than 20 custodians'
  [ -r "$profile" ] || die 74 "$profile: cannot be read"
  for role in officer witness; do
    grep -q "^$role: *[^ ]" "$participants" || die 64 "$participants names no $role"
  done
  duplicate=$(printf '%s\n' "${custodians[@]}" | sort | uniq -d | head -n1)
  [ -z "$duplicate" ] || die 64 "$duplicate would hold two shares"
fi
mkdir -- "$out" 2>/dev/null || die 74 "$out: is there already, or cannot be made"
transcript=$out/transcript.txt

# Secrets live in memory only: /dev/shm is never written to a disk.
work=$(mktemp -d /dev/shm/ceremony.XXXXXXXX)
trap 'find "$work" -type f -exec shred -u {} + 2>/dev/null || true; rm -rf -- "$work"' EXIT

head_of_transcript() {
  record "BAWABA KEY CEREMONY: $1"
  record "began                $(now)"
  record "machine              $(uname -nsrm)"
  record "sha256 of script     $(hash_of "${BASH_SOURCE[0]}")"
  record "sha256 of bawaba     $(hash_of "$(command -v "$bawaba")")"
  record "sha256 of ssss-split $(hash_of "$(command -v ssss-split)")"
  record "sha256 of module     $(hash_of "$module") $module"
  record "token                $label"
  [ -z "$participants" ] || sed 's/^/present              /' "$participants" >> "$transcript"
  record ''
}

# What is signed by hand, and the hash that each participant copies onto their own sheet.
end_of_transcript() {
  record "ended                $(now)"
  record ''
  record 'Each participant signs that this is what they saw:'
  if [ -n "$participants" ]; then
    sed 's/^\([a-z]*\): *\(.*\)/  \1  \2 ______________________________/' "$participants" >> "$transcript"
  fi
  cat -- "$transcript"
  echo "sha256 of this transcript: $(hash_of "$transcript")"
}

# The public halves, as an independent program reads them from the token.
public_keys() {
  pkcs11-tool --module "$module" --token-label "$label" --list-objects --type pubkey 2>/dev/null |
    sed -n 's/^ *label: */label /p; s/^ *EC_POINT: */point /p' | while read -r what value; do
      case $what in point) point=$value ;; label) record "  $value ${point#0441}" ;; esac
    done
}

combine() { # shares on standard input → the root secret, or nothing
  { ssss-combine -t "$1" -x -q 2>&1 >/dev/null || true; } | sed -n 's/^\([0-9a-f]\{64\}\)$/\1/p'
}

perform() {
  head_of_transcript 'KEYS ARE MADE'
  record "sha256 of profile    $(hash_of "$profile")"
  record "custodians           any $threshold of $count"
  record ''
  root=$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
  printf '%s\n' "$root" | ssss-split -t "$threshold" -n "$count" -x -s 256 -Q > "$work/shares" 2>/dev/null
  [ "$(wc -l < "$work/shares")" = "$count" ] || die 70 'the secret was not split'

  # Before anything depends on them: every share takes part in one re-assembly, and one share too few gives nothing.
  for ((first = 1; first <= count; first++)); do
    for ((step = 0; step < threshold; step++)); do sed -n "$(((first - 1 + step) % count + 1))p" "$work/shares"; done > "$work/some"
    [ "$(combine "$threshold" < "$work/some")" = "$root" ] || die 70 "the shares from $first on do not give the secret"
    head -n "$((threshold - 1))" "$work/some" > "$work/few"
    if [ "$threshold" -gt 2 ]; then
      [ "$(combine "$((threshold - 1))" < "$work/few")" != "$root" ] || die 70 'too few shares give the secret'
    fi
  done
  record "shares checked       $count re-assemblies of $threshold shares, and none with $((threshold - 1))"

  so_pin=$(derived so-pin) user_pin=$(head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
  export so_pin user_pin
  # The first slot without a token; a real module is given one by its maker's own tool.
  slot=$(pkcs11-tool --module "$module" --list-token-slots 2>/dev/null | awk '/^Slot/ { slot = $2 } /uninitialized/ { print slot; exit }')
  pkcs11-tool --module "$module" ${slot:+--slot-index "$slot"} --init-token --label "$label" --so-pin env:so_pin >/dev/null 2>&1 ||
    die 69 'the token could not be initialised'
  set_user_pin || die 69 'the user PIN could not be set'
  "$bawaba" keys init --profile "$profile" --module "$module" --token "$label" --pin-from env:user_pin --json > "$work/made" ||
    die 69 'the keys could not be made'
  grep -q '"made": true' "$work/made" || die 70 'no key was made'
  record "keys made            $(grep -c '"made": true' "$work/made")"
  record 'public keys (P-256, uncompressed point)'
  public_keys
  record ''

  printf '%s' "$user_pin" > "$out/user-pin"
  mkdir -p -- "${shares_to:=$out/shares}"
  number=0
  while read -r share; do
    number=$((number + 1))
    printf '%s\n' "$share" > "$shares_to/share-$number"
    record "share $number of $count           ${custodians[number - 1]}, sha256 $(hash_of "$shares_to/share-$number")"
  done < "$work/shares"
  record ''
  end_of_transcript
  echo "Now: give $shares_to/share-K to its custodian on paper or a medium of its own, $out/user-pin to the gateways" >&2
  echo '(systemd-creds encrypt), then destroy both here: shred -u. Nothing else on this machine knows them.' >&2
}

# The PINs go by the environment, which other users cannot see; arguments they can.
set_user_pin() {
  pkcs11-tool --module "$module" --token-label "$label" --login --login-type so --so-pin env:so_pin \
    --init-pin --new-pin env:user_pin >/dev/null 2>&1
}

recover() {
  [ "${#shares[@]}" -ge "$threshold" ] || die 64 "it takes $threshold shares, ${#shares[@]} are here"
  head_of_transcript 'THE USER PIN IS SET ANEW'
  number=0
  for share in "${shares[@]:0:threshold}"; do
    [ -r "$share" ] || die 74 "$share: cannot be read"
    number=$((number + 1))
    record "share used           sha256 $(hash_of "$share")"
    head -n1 -- "$share" >> "$work/shares"
  done
  [ "$(sort -u "$work/shares" | wc -l)" = "$threshold" ] || die 70 'one share is given twice'
  root=$(combine "$threshold" < "$work/shares")
  [ -n "$root" ] || die 70 'these are no shares of one secret'
  so_pin=$(derived so-pin) user_pin=$(head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
  export so_pin user_pin
  # The token itself judges the secret. A wrong one costs one of its tries: modules lock after some.
  set_user_pin || die 70 'the token refuses what these shares give: wrong shares, a wrong --threshold, or another token'
  printf '%s' "$user_pin" > "$out/user-pin"
  record 'user PIN             set anew; the old one opens nothing any more'
  record 'public keys (P-256, uncompressed point)'
  public_keys
  record ''
  end_of_transcript
}

"$act"
