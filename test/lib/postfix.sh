#!/bin/sh
# A real mail server for the tests: Postfix with a folder of its own on a free port of loopback.
#   postfix.sh start DIR USER   prints the port; mail to anybody at example.com arrives in DIR/mail/all/new, readable by USER
#   postfix.sh stop DIR
# busy@example.com is refused for now (450), nobody@example.com for good (550). Needs root: its master changes user.
set -eu
what=$1 dir=$2
case $what in
start)
  user=$3
  mkdir -p "$dir/etc" "$dir/queue" "$dir/data" "$dir/mail"
  chmod 755 "$dir"
  chown postfix "$dir/data"
  chown "$user" "$dir/mail"
  cat >"$dir/etc/main.cf" <<CF
compatibility_level = 3.6
queue_directory = $dir/queue
data_directory = $dir/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.zhike.test
mydestination =
maillog_file = $dir/mail.log
maillog_file_prefixes = $dir
smtpd_peername_lookup = no
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{ { nobody@example.com = 550 no such person } { busy@example.com = 450 try again later } }
smtpd_client_connection_rate_limit = 0
virtual_mailbox_domains = example.com
virtual_mailbox_base = $dir/mail
virtual_mailbox_maps = static:all/
virtual_minimum_uid = 1
virtual_uid_maps = static:$(id -u "$user")
virtual_gid_maps = static:$(id -g "$user")
mailbox_size_limit = 0
virtual_mailbox_limit = 0
CF
  # a port that was free when it was asked for may be somebody's by the time it is used: then another one
  for try in 1 2 3 4 5 6 7 8; do
    port=$(node -e 's=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
    cat >"$dir/etc/master.cf" <<CF
127.0.0.1:$port inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
virtual unix - n n - - virtual
error unix - - n - - error
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
CF
    : >"$dir/mail.log"
    chmod 666 "$dir/mail.log"
    if postfix -c "$dir/etc" start >"$dir/start.log" 2>&1; then
      # its master binds behind our back, and says in the log how that went
      until grep -q 'daemon started\|fatal' "$dir/mail.log"; do sleep 0.1; done
      grep -q fatal "$dir/mail.log" || break
    fi
    postfix -c "$dir/etc" stop >/dev/null 2>&1 || true
    [ "$try" -lt 8 ] || { cat "$dir/start.log" "$dir/mail.log" >&2; exit 1; }
  done
  echo "$port"
  ;;
stop) postfix -c "$dir/etc" stop >/dev/null 2>&1 || true ;;
esac
