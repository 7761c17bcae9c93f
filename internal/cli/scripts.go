package cli

const completionHelp = `usage: completion bash | fish | zsh

Prints a script that completes commands and flags in a shell. To load it in the
current shell:

  bash   source <(PROGRAM completion bash)
  zsh    source <(PROGRAM completion zsh)
  fish   PROGRAM completion fish | source
`

// scripts ask the program itself for candidates, so that they always are those of
// the installed version. PROGRAM is the name by which the program was called.
var scripts = map[string]string{
	"bash": `# Completion of PROGRAM in bash.
_complete_PROGRAM() {
  local IFS=$'\n'
  COMPREPLY=($(PROGRAM completion candidates "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _complete_PROGRAM PROGRAM
`,
	"fish": `# Completion of PROGRAM in fish.
complete -c PROGRAM -a '(set -l words (commandline -opc); PROGRAM completion candidates $words[2..-1] "$(commandline -ct)" 2>/dev/null)'
`,
	// The last line is for zsh's autoload, which takes the whole file as the function.
	"zsh": `#compdef PROGRAM
# Completion of PROGRAM in zsh.
_PROGRAM() {
  local -a candidates
  candidates=(${(f)"$(PROGRAM completion candidates "${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( $#candidates )); then compadd -a candidates; else _files; fi
}
compdef _PROGRAM PROGRAM
[[ $funcstack[1] != _PROGRAM ]] || _PROGRAM "$@"
`,
}
