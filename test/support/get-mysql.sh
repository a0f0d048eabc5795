#!/usr/bin/env bash
# Fetches a MySQL server into FOLDER (.servers/mysql of this project, where the tests look for one), without root and without touching
# what is installed, and prints the path of a mysqld that runs from there.
#
# For Debian on x86-64. The packages come from the mirror that apt uses already, out of the suite `sid`, the one that has MySQL, with
# every library that they need. A folder that has one already is left as it is.
set -euo pipefail

folder=${1:-$(dirname "$0")/../../.servers/mysql}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
mysqld=$folder/mysqld
[ -x "$mysqld" ] && { echo "$mysqld"; exit; }

mirror=$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -n 1 | tr -d ' ' || true)
[ -n "$mirror" ] || { echo 'apt has no Debian mirror among its sources.' >&2; exit 1; }

mkdir -p "$folder"/{lists/partial,cache/archives/partial,root/usr/{bin,sbin,lib,lib64}}
# As if nothing were installed: everything that the server needs is fetched.
: >"$folder/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$folder/sources.list"
apt=(
  apt-get -qq
  -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o Dir::State::Lists="$folder/lists" -o Dir::State::status="$folder/status" -o Dir::Cache="$folder/cache"
  -o APT::Sandbox::User= -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
  -o Debug::NoLocking=1
)
"${apt[@]}" update >&2
"${apt[@]}" -y --download-only --no-install-recommends install mysql-server-core >&2

# Packages write to /bin and /usr/bin alike.
for name in bin sbin lib lib64; do ln -sfn "usr/$name" "$folder/root/$name"; done
for package in "$folder"/cache/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$package" |
    tar -x -C "$folder/root" --keep-directory-symlink --no-same-owner --exclude=./usr/share/doc --exclude=./usr/share/man
done
rm -r "$folder/cache" "$folder/lists"

cat >"$mysqld" <<EOF
#!/bin/sh
# The server with its own libraries; this machine's may be older.
usr=$folder/root/usr
exec "\$usr/lib64/ld-linux-x86-64.so.2" --library-path "\$usr/lib/x86_64-linux-gnu" "\$usr/sbin/mysqld" "\$@" --basedir="\$usr" \\
  --lc-messages-dir="\$usr/share/mysql" --character-sets-dir="\$usr/share/mysql/charsets" --plugin-dir="\$usr/lib/mysql/plugin" \\
  --secure-file-priv=NULL
EOF
chmod +x "$mysqld"
"$mysqld" --no-defaults --version >&2
echo "$mysqld"
