// The installer for Windows, as a machine gets it at /install-agent/install-agent.ps1: it looks at the machine, joins by `zeroplane agent join`, and
// has a task start the agent with the machine. Windows' service manager starts no program that does not speak with it, and Node.js does not. The
// agent itself is npm's package: no single executable is made for Windows.

/** The text of a constant: no part of it is anybody's. */
export const windowsInstallScript = String.raw`#Requires -RunAsAdministrator
# Makes this machine with Windows a node of a Zeroplane cluster. Never tried on a machine: see "Windows" in docs/workers.md.
#   $env:ZEROPLANE_TOKEN = 'TOKEN'; .\install-agent.ps1 -Server https://API -Package .\zeroplane-VERSION.tgz
[CmdletBinding()]
param(
  [Parameter(Mandatory)] [uri] $Server,
  # What npm run release makes; not needed where it is installed already.
  [string] $Package,
  [string] $DataDir = "$env:ProgramData\zeroplane-agent",
  [string] $InstallDir = "$env:ProgramFiles\zeroplane",
  [string] $NodeIP,
  [string] $ClusterCidr = '10.244.0.0/16',
  [switch] $Uninstall
)
$ErrorActionPreference = 'Stop'
$task = 'zeroplane-agent'
$cli = Join-Path $InstallDir 'node_modules\zeroplane\bin\zeroplane.cjs'

function Fail([string] $text) { throw "install-agent: $text" }
function Invoke-Node([string[]] $arguments) {
  & node.exe $cli @arguments
  if ($LASTEXITCODE -ne 0) { Fail "zeroplane $($arguments[0..1] -join ' ') ended with $LASTEXITCODE" }
}

if ($Uninstall) {
  Unregister-ScheduledTask -TaskName $task -Confirm:$false -ErrorAction SilentlyContinue
  Invoke-Node @('agent', 'teardown', '--data-dir', $DataDir)
  Remove-NetFirewallRule -Group $task -ErrorAction SilentlyContinue
  Remove-Item -LiteralPath $InstallDir, $DataDir -Recurse -Force
  return
}

if ($Server.Scheme -ne 'https') { Fail '-Server: give the URL of the API, as zeroplane node token printed it' }
if (-not (Get-Command node.exe -ErrorAction SilentlyContinue)) { Fail 'Node.js is missing: install Node.js 24 or newer' }
if ([version] ((node.exe --version).TrimStart('v')) -lt [version] '24.0.0') { Fail "Node.js $(node.exe --version) is too old: install 24 or newer" }
$containerd = Get-Service containerd -ErrorAction SilentlyContinue
if (-not $containerd) { Fail 'containerd is no service here: install it and run containerd.exe --register-service' }
if ($containerd.Status -ne 'Running') { Start-Service containerd }
if (-not (Test-Path "$env:ProgramFiles\containerd\cni\bin\win-bridge.exe")) { Fail 'the CNI plugins are missing: put win-bridge.exe and host-local.exe into C:\Program Files\containerd\cni\bin' }
if ($Package) {
  npm.cmd install --prefix $InstallDir --no-audit --no-fund $Package
  if ($LASTEXITCODE -ne 0) { Fail "npm cannot install $Package" }
}
if (-not (Test-Path $cli)) { Fail "there is no zeroplane in $($InstallDir): give -Package" }

New-Item -ItemType Directory -Force -Path $DataDir | Out-Null
icacls.exe $DataDir /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' | Out-Null
$flags = @('agent', 'join', '--server', $Server.AbsoluteUri.TrimEnd('/'), '--data-dir', $DataDir)
if ($NodeIP) { $flags += @('--node-ip', $NodeIP) }
# The token stands in the environment, which other users do not see.
Invoke-Node ($flags + '--join-only')

foreach ($protocol in 'UDP', 'TCP') {
  New-NetFirewallRule -DisplayName "zeroplane DNS $protocol" -Group $task -Direction Inbound -Action Allow -Protocol $protocol -LocalPort 53 -RemoteAddress $ClusterCidr | Out-Null
}
$quoted = (@($cli) + $flags | ForEach-Object { '"' + $_ + '"' }) -join ' '
$action = New-ScheduledTaskAction -Execute (Get-Command node.exe).Source -Argument $quoted
$settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit ([timespan]::Zero) -RestartCount 999 -RestartInterval ([timespan]::FromMinutes(1))
Register-ScheduledTask -Force -TaskName $task -Action $action -Settings $settings -Trigger (New-ScheduledTaskTrigger -AtStartup) -User 'SYSTEM' -RunLevel Highest | Out-Null
Start-ScheduledTask -TaskName $task
Write-Output "install-agent: the agent runs, and starts with the machine (task $task)"
`;
