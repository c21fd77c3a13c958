# Answers for the servers of a deployment and says "no such name" to all else, at once. Docker's own resolver asks it for
# what it does not know itself (SRV records, outside names) and would otherwise let the server wait for a time-out.
# ZONES holds "domain=address …", good for the domain and all names below it; every question is logged to standard output.
use strict;
use warnings;
use IO::Socket::INET;

$| = 1;
my %zone = map { split /=/ } split ' ', $ENV{ZONES} // '';
my $socket = IO::Socket::INET->new(LocalAddr => '0.0.0.0', LocalPort => 53, Proto => 'udp') or die "cannot listen: $!";
print "resolver ready\n";

while (1) {
    my $peer = $socket->recv(my $query, 4096);
    next unless defined $peer && length $query > 16;
    my ($id, $flags, $questions) = unpack 'nnn', $query;
    next if $flags & 0x8000 || $questions != 1;
    my ($at, @labels) = (12);
    while ($at < length $query) {
        my $size = unpack 'C', substr($query, $at++, 1);
        last if $size == 0 || $size > 63;
        push @labels, substr($query, $at, $size);
        $at += $size;
    }
    next if $at + 4 > length $query;
    my ($type) = unpack 'n', substr($query, $at, 2);
    my $name = lc join '.', @labels;
    my $question = substr($query, 12, $at + 4 - 12);
    my ($domain) = grep { $name eq $_ || $name =~ /\.\Q$_\E$/ } keys %zone;
    my $known = defined $domain;
    my $answer = $known && $type == 1
        ? pack('nnnNn', 0xc00c, 1, 1, 1, 4) . join('', map { chr } split /\./, $zone{$domain})
        : '';
    # Authoritative; an existing name without this type is an empty answer, anything else NXDOMAIN. A short-lived SOA
    # (root, 1 s) keeps resolvers from remembering the absence.
    my $soa = $answer ? '' : pack('CnnN', 0, 6, 1, 1) . pack('n', 22) . "\0\0" . pack('N5', 1, 1, 1, 1, 1);
    my $code = $known ? 0 : 3;
    (my $printable = $name) =~ s/[^a-z0-9._-]/?/g;
    print "query $printable type $type ", ($answer ? 'answered' : $known ? 'empty' : 'unknown'), "\n";
    $socket->send(pack('nnnnnn', $id, 0x8400 | ($flags & 0x0100) | 0x80 | $code, 1, $answer ? 1 : 0, $soa ? 1 : 0, 0) . $question . $answer . $soa, 0, $peer);
}
