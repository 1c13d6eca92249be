# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# bash completion for podwayctl; printed by: podwayctl completion bash
# Install as /usr/share/bash-completion/completions/podwayctl

_podwayctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} cword=$COMP_CWORD words=("${COMP_WORDS[@]}")

	# tcp:80 and IPv6 addresses are one word; bash breaks at the colons.
	if declare -F _get_comp_words_by_ref > /dev/null; then
		_get_comp_words_by_ref -n := cur words cword
	fi
	if [[ ${words[cword - 1]} == @(socket|--socket|-s) ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
	fi
	mapfile -t COMPREPLY < <("$1" completion words "$cur" \
		"${words[@]:1:cword-1}" 2> /dev/null)
	if declare -F __ltrim_colon_completions > /dev/null; then
		__ltrim_colon_completions "$cur"
	fi
}
complete -F _podwayctl podwayctl
